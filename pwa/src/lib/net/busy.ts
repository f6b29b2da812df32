/** What must not be interrupted by a lock of the keys or by a new version. */
export type Work = 'in-call' | 'recording';

const works: readonly string[] = ['in-call', 'recording'] satisfies Work[];

const here = new Set<Promise<void>>();

/** Keeps every tab of this browser from being locked or restarted; the answer ends that. */
export function hold(work: Work): () => void {
	const { promise, resolve } = Promise.withResolvers<void>();
	void navigator.locks.request(work, { mode: 'shared' }, () => promise);
	here.add(promise);
	return () => {
		here.delete(promise);
		resolve();
	};
}

/** What this very tab holds, until it ends; `undefined` when it holds nothing. */
export function workHere(): Promise<unknown> | undefined {
	return here.size === 0 ? undefined : Promise.all(here);
}

/** Whether any tab of this browser is in a call or records. */
export async function isBusy(): Promise<boolean> {
	const { held = [] } = await navigator.locks.query();
	return held.some(({ name }) => name !== undefined && works.includes(name));
}

/** Resolves when no tab is in a call or records. */
export async function untilFree(): Promise<void> {
	for (const work of works) await navigator.locks.request(work, () => undefined);
}
