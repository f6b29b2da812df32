import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { CopiesToRemove } from '#protocol/copies.ts';
import { listFolders, removeFolder } from './folder.ts';
import {
	type CopyRow,
	dropCopy,
	readCopies,
	readCopy,
	readRemoved,
	readVault,
	toldRemoved,
	writeCopy,
	writeVault,
} from './rows.ts';

/** Ids in one question. */
const askedMax = 100;

/** The present time, as far as this device lets itself be told: never earlier than it has seen. */
async function nowFor(member: string): Promise<number> {
	const vault = await readVault(member);
	if (!vault) return Date.now();
	const now = Math.max(vault.seenAt, Date.now());
	if (now > vault.seenAt) await writeVault({ ...vault, seenAt: now });
	return now;
}

/** Removes a copy here: first what opens it, then its bytes. The server is told at the next contact. */
export async function removeCopy(copy: Pick<CopyRow, 'recording' | 'member'>): Promise<void> {
	await dropCopy(copy);
	await removeFolder(copy.recording);
}

/** Removes copies whose time is over, and bytes that belong to none. Gives those that stay. Needs no connection. */
export async function removeExpired(member: string): Promise<CopyRow[]> {
	const now = await nowFor(member);
	const copies = await readCopies(member);
	const over = copies.filter(({ expiresAt }) => expiresAt <= now);
	for (const copy of over) await removeCopy(copy);
	return copies.filter((copy) => !over.includes(copy));
}

/** Bytes of a copy that was cut short by the end of a page. Not while one is being kept. */
async function removeLeftovers(member: string): Promise<void> {
	await navigator.locks.request(keepingLock, { ifAvailable: true }, async (lock) => {
		if (!lock) return;
		const kept = new Set((await readCopies(member)).map(({ recording }) => recording));
		for (const recording of await listFolders())
			if (!kept.has(recording)) await removeCopy({ recording, member });
	});
}

/** Held by the tab that keeps a copy just now. */
export const keepingLock = 'keeping a copy';

/** A recording is to go sooner than when it was copied: so is the copy. No answer makes one last longer. */
async function endSooner(
	member: string,
	{ recording, expiresAt }: CopiesToRemove['ends'][number],
): Promise<void> {
	const copy = await readCopy(recording);
	if (copy?.member === member && expiresAt < copy.expiresAt)
		await writeCopy({ ...copy, expiresAt });
}

/** Tells the server of copies that were removed, and removes those that it says may not be kept. Throws `ApiError`. */
async function obey(member: string): Promise<void> {
	for (const recording of await readRemoved(member)) {
		await request({ method: 'DELETE', path: `/api/copies/${recording}` });
		await toldRemoved(recording);
	}
	const held = (await readCopies(member)).map(({ recording }) => recording);
	for (let at = 0; at < held.length; at += askedMax) {
		const recordings = held.slice(at, at + askedMax);
		const path = '/api/copies';
		const asked = { method: 'POST', path, body: { recordings } } as const;
		const { remove, ends } = await fetchJson(CopiesToRemove, asked);
		for (const end of ends) await endSooner(member, end);
		// Only what was asked about: an answer takes nothing else from this device.
		for (const recording of remove.filter((one) => recordings.includes(one)))
			await removeCopy({ recording, member });
	}
	if (held.length > 0 && (await readRemoved(member)).length > 0) await obey(member);
}

/** What is due while her account is open: expiry, and what the server has to say. Without a connection only the first. */
export async function tendCopies(): Promise<void> {
	try {
		const { id, role } = account.member;
		if (role === 'participant-only' || role === 'scheduler' || role === 'station') return;
		await removeExpired(id);
		await removeLeftovers(id);
		await obey(id);
	} catch (error) {
		// Locked meanwhile, or no connection: the next page tries again.
		if (!isApiError(error)) throw error;
	}
}
