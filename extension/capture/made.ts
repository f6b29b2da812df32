import * as v from 'valibot';
import { Id } from '#protocol/text.ts';
import { api } from '../chrome.ts';

/**
 * Where the recorder's worker keeps sealed bytes that the server does not have yet. The packaged app has folders of its
 * own: it must not take what a capture left for recordings of its practice.
 */
export const folder = 'captures';

/** Which practice each recording is for whose bytes may still be here; in `storage.local`, no secret is in it. */
const key = 'captures';
const Made = v.record(Id, Id);
/** Older ones are at the server, or will never be. */
const madeMax = 32;

export async function readMade(): Promise<v.InferOutput<typeof Made>> {
	const { [key]: stored } = await api.storage.local.get(key);
	const parsed = v.safeParse(Made, stored);
	return parsed.success ? parsed.output : {};
}

/** Remembers a recording before its first byte. */
export async function addMade(recording: string, practice: string): Promise<void> {
	const rows = Object.entries(await readMade()).slice(1 - madeMax);
	await api.storage.local.set({ [key]: Object.fromEntries([...rows, [recording, practice]]) });
}
