import * as v from 'valibot';
import { listHeld } from '#lib/record/folder.ts';
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

export async function readMade(): Promise<v.InferOutput<typeof Made>> {
	const { [key]: stored } = await api.storage.local.get(key);
	const parsed = v.safeParse(Made, stored);
	return parsed.success ? parsed.output : {};
}

/** Remembers a recording before its first byte; those of which nothing is here any more are forgotten. */
export async function addMade(recording: string, practice: string): Promise<void> {
	const held = new Set(await listHeld(folder));
	const rows = Object.entries(await readMade()).filter(([id]) => held.has(id));
	await api.storage.local.set({ [key]: Object.fromEntries([...rows, [recording, practice]]) });
}
