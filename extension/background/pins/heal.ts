import * as v from 'valibot';
import { api } from '../../chrome.ts';
import { turns } from '../turns.ts';
import { reload, tabsOf } from './check.ts';
import { readDocuments } from './documents.ts';
import { readPins } from './pin.ts';
import { removeWorkers } from './rule.ts';

const key = 'healed';
/** A tab that loading again does not help is left as it is for so long; its label says so. */
const againMs = 60_000;
/** The first pages of a browser come in this time. */
const startupMs = 60_000;

const Healed = v.object({
	/** When the browser started. */
	startup: v.number(),
	/** When a tab was loaded again. */
	tabs: v.record(v.string(), v.number()),
});
type Healed = v.InferOutput<typeof Healed>;

async function read(): Promise<Healed> {
	const { [key]: stored } = await api.storage.session.get(key);
	const parsed = v.safeParse(Healed, stored);
	return parsed.success ? parsed.output : { startup: 0, tabs: {} };
}

const inTurn = turns();

/**
 * Loads a tab of a pinned site again whose page did not come under the rule: from before it, out of a service worker,
 * or before the browser had its rules. Service workers go first, or they would answer again.
 */
export const heal = (origin: string, tab: number): Promise<void> =>
	inTurn(async () => {
		const healed = await read();
		const now = Date.now();
		if (now - (healed.tabs[tab] ?? 0) < againMs) return;
		await api.storage.session.set({ [key]: { ...healed, tabs: { ...healed.tabs, [tab]: now } } });
		await removeWorkers(origin);
		await reload([{ id: tab }]);
	});

/** The browser has just started. It loads its first pages before or after its rules: nothing tells which. */
export const noteStartup = (): Promise<void> =>
	inTurn(async () => {
		await api.storage.session.set({ [key]: { ...(await read()), startup: Date.now() } });
	});

/** Loads those pages of the browser's start again that nothing is known of: they ran before anybody listened. */
export async function healStartup(): Promise<void> {
	if (Date.now() - (await read()).startup > startupMs) return;
	const { documents, shown } = await readDocuments();
	for (const [origin, { enabled }] of Object.entries(await readPins())) {
		if (!enabled) continue;
		const open = (await tabsOf(origin)).filter(({ complete }) => complete);
		for (const { id } of open) if (!documents[shown[id] ?? '']?.exact) await heal(origin, id);
	}
}
