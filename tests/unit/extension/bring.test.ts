import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const [first, second] = ['F', 'S'].map((one) => `${one.repeat(21)}A`);
/** What becomes of each recording in the worker; it does not answer at all for another. */
const codes = vi.hoisted(() => new Map<string | undefined, string>());

vi.mock('#lib/record/worker/main.ts?worker', () => ({
	default: class extends EventTarget {
		postMessage({ id, recording }: { id: number; recording: string }): void {
			const code = codes.get(recording);
			if (code === undefined) return;
			const data = { type: 'failed', id, code, reason: null };
			queueMicrotask(() => this.dispatchEvent(new MessageEvent('message', { data })));
		}

		terminate(): void {}
	},
}));
vi.mock('../../../extension/background/presence/tokens.ts', () => ({
	Tokens: class {
		get = async () => 'token';
	},
}));
vi.mock('../../../extension/pairing/store.ts', () => ({
	readPairing: async (practice: string) => ({ practice, origin: 'https://visit.example.org' }),
}));
vi.mock('../../../extension/capture/made.ts', () => ({ folder: 'captures' }));

// It is for a page's own types, which this folder does not have.
interface Bring {
	readonly bring: (asked: object) => Promise<{ refused: string[] }>;
}
const load = (name = 'bring'): Promise<Bring> =>
	import(/* @vite-ignore */ `../../../extension/capture/${name}.ts`);
const asked = { type: 'capture-resume', practice: 'A', recordings: [first, second] };

beforeEach(() => {
	codes.clear();
	vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

test('what the server does not know is told of; what it has deleted is no more', async () => {
	const { bring } = await load();
	codes.set(first, 'gone').set(second, 'not-found');
	expect(await bring(asked)).toEqual({ refused: [second] });
});

test('a server that takes nothing for a minute is left for later', async () => {
	const { bring } = await load();
	const ended = vi.fn<(answer: object) => void>();
	void bring(asked).then(ended);
	await vi.advanceTimersByTimeAsync(59_000);
	expect(ended).not.toHaveBeenCalled();
	await vi.advanceTimersByTimeAsync(2000);
	expect(ended).toHaveBeenCalledWith({ refused: [] });
});
