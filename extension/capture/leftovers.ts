import * as v from 'valibot';
import { listHeld } from '#lib/record/folder.ts';
import { Id } from '#protocol/text.ts';
import { ensureOffscreen } from '../background/offscreen.ts';
import { api } from '../chrome.ts';
import { listPairings, readPairing } from '../pairing/store.ts';
import { folder, readMade } from './made.ts';
import { type Resume, Resumed } from './messages.ts';
import { readRunning } from './state.ts';

/** A recording, but for the one that runs, of which this device has sealed bytes that the server does not have. */
export interface Leftover {
	readonly recording: string;
	/** The practice that gets them; null where its server takes nothing from this browser. */
	readonly practice: string | null;
}

/** Which device each recording was refused to, in `storage.session`: another pairing is another device. */
const key = 'capture-unsent';
const Unsent = v.record(Id, Id);

async function readUnsent(): Promise<v.InferOutput<typeof Unsent>> {
	const { [key]: stored } = await api.storage.session.get(key);
	const parsed = v.safeParse(Unsent, stored);
	return parsed.success ? parsed.output : {};
}

export async function listLeftovers(): Promise<Leftover[]> {
	const held = await listHeld(folder);
	if (held.length === 0) return [];
	const [made, unsent, running] = await Promise.all([readMade(), readUnsent(), readRunning()]);
	const pairings = await listPairings();
	return held
		.filter((recording) => recording !== running?.recording)
		.map((recording) => {
			const pairing = pairings.find(({ practice }) => practice === made[recording]);
			const sendable = pairing && unsent[recording] !== pairing.device;
			return { recording, practice: sendable ? pairing.practice : null };
		});
}

/** Brings what can be brought, every practice beside the others: one that cannot be reached holds up no other. */
export async function sendLeftovers(leftovers: readonly Leftover[]): Promise<void> {
	const byPractice = Map.groupBy(leftovers, ({ practice }) => practice);
	if (!(await ensureOffscreen())) return;
	const sending = [...byPractice].map(async ([practice, of]) => {
		if (practice === null) return;
		const asked: Resume = {
			type: 'capture-resume',
			practice,
			recordings: of.map(({ recording }) => recording),
		};
		const { refused } = v.parse(Resumed, await api.runtime.sendMessage(asked));
		await keepUnsent(practice, refused);
	});
	await Promise.all(sending);
}

/** They stay here: nothing that was sealed goes without a word. */
async function keepUnsent(practice: string, refused: readonly string[]): Promise<void> {
	const pairing = await readPairing(practice);
	if (!pairing || refused.length === 0) return;
	const more = Object.fromEntries(refused.map((recording) => [recording, pairing.device]));
	await api.storage.session.set({ [key]: { ...(await readUnsent()), ...more } });
}

/** The user gives up what no server takes from this browser. */
export async function forgetUnsent(): Promise<void> {
	const root = await navigator.storage.getDirectory();
	const all = await root.getDirectoryHandle(folder);
	for (const { recording, practice } of await listLeftovers())
		if (practice === null) await all.removeEntry(recording, { recursive: true });
}
