import { MediaReadError } from './mediaerror.ts';
import { readerHeader } from './wire.ts';

/** More than the service worker answers at once is not asked for. */
const askBytes = 1 << 20;

const rangeOf = (from: number, to: number) => ({
	range: `bytes=${from}-${to - 1}`,
	[readerHeader]: '1',
});

/** The size of what an address serves by ranges. Throws `MediaReadError`. */
async function sizeOf(src: string, signal: AbortSignal): Promise<number> {
	const answer = await fetch(src, { headers: rangeOf(0, 1), signal });
	await answer.body?.cancel();
	const size = Number(/\/(\d+)$/.exec(answer.headers.get('content-range') ?? '')?.[1]);
	if (answer.status !== 206 || !Number.isSafeInteger(size)) throw new MediaReadError();
	return size;
}

/** Bytes `from` up to, not including, `to`. An answer may be shorter than what was asked. */
async function readRange(
	src: string,
	{ from, to, signal }: { from: number; to: number; signal: AbortSignal },
): Promise<Uint8Array> {
	const whole = new Uint8Array(to - from);
	let at = 0;
	while (at < whole.length) {
		const end = Math.min(from + at + askBytes, to);
		const headers = rangeOf(from + at, end);
		const answer = await fetch(src, { headers, signal });
		if (answer.status !== 206) throw new MediaReadError();
		const bytes = new Uint8Array(await answer.arrayBuffer());
		if (bytes.length === 0 || at + bytes.length > whole.length) throw new MediaReadError();
		whole.set(bytes, at);
		at += bytes.length;
	}
	return whole;
}

/**
 * One person's media, opened as a file: only the bytes that are asked for are fetched and opened. `onBytes` hears how
 * many of `size` were read. Dispose it when done. Throws `MediaReadError` where it cannot be read.
 */
export async function openMedia(
	src: string,
	options: { signal: AbortSignal; onBytes?: (bytes: number, size: number) => void },
) {
	// Loaded by itself: whoever only watches needs no reader of files.
	const { CustomSource, Input, WEBM } = await import('mediabunny');
	const { signal, onBytes } = options;
	const size = await sizeOf(src, signal);
	let read = 0;
	const source = new CustomSource({
		getSize: () => size,
		read: async (from, to) => {
			const bytes = await readRange(src, { from, to, signal });
			read += bytes.length;
			onBytes?.(Math.min(read, size), size);
			return bytes;
		},
		prefetchProfile: 'network',
		// A prefetch that failed is asked for again when it is needed.
		handleUnhandledError: () => undefined,
	});
	return new Input({ source, formats: [WEBM] });
}
