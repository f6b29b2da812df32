import { ApiError } from './api.ts';

const firstMs = 500;
const longestMs = 30_000;

/** How long to wait after failure number `attempt` (from 0): doubling, with jitter so that clients spread. */
export function backoffMs(attempt: number, jitter: number = Math.random()): number {
	return Math.min(longestMs, firstMs * 2 ** attempt) * (0.5 + jitter / 2);
}

/** A pause that ends early when the network comes back, and rejects when `signal` is aborted. */
export class Pauses {
	#waiting = new Set<() => void>();

	/** Ends all pauses now. */
	wake(): void {
		for (const end of this.#waiting) end();
	}

	async pause(ms: number, signal?: AbortSignal): Promise<void> {
		signal?.throwIfAborted();
		const { promise, resolve } = Promise.withResolvers<void>();
		const end = (): void => resolve();
		const timer = setTimeout(end, ms);
		this.#waiting.add(end);
		signal?.addEventListener('abort', end, { once: true });
		await promise;
		clearTimeout(timer);
		this.#waiting.delete(end);
		signal?.removeEventListener('abort', end);
		signal?.throwIfAborted();
	}
}

/**
 * Does it until it works, as long as the failure is one that passes (offline, a busy or full server). Rejects with
 * every other failure, and when `signal` is aborted.
 */
export async function persist<T>(
	act: () => Promise<T>,
	options: {
		pauses: Pauses;
		signal?: AbortSignal | undefined;
		onFailure?: (error: ApiError) => void;
	},
): Promise<T> {
	const { pauses, signal, onFailure } = options;
	for (let attempt = 0; ; attempt++) {
		try {
			return await act();
		} catch (error) {
			if (!(error instanceof ApiError) || !error.passing) throw error;
			onFailure?.(error);
			const asked = error.code === 'slow-down' ? (error.next ?? 1) * 1000 : 0;
			await pauses.pause(Math.max(asked, backoffMs(Math.min(attempt, 8))), signal);
		}
	}
}
