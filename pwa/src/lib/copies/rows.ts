import * as v from 'valibot';
import type { Bytes } from '#crypto/bytes.ts';
import { Lock } from '#crypto/vault/vault.ts';
import { db } from '#lib/db/db.ts';
import { Count, Id, Time } from '#protocol/text.ts';
import { removeAllFolders } from './folder.ts';

const OwnBytes = v.custom<Bytes>((value) => value instanceof Uint8Array);

/** The lock of one member's offline copies in this browser. */
const VaultRow = v.strictObject({
	member: Id,
	/** The vault key under the passphrase of this device, where one was chosen; checked by whoever opens it. */
	lock: v.exactOptional(v.strictObject({ ...Lock.entries, salt: v.string() })),
	/** The same under a passkey, where one was chosen. */
	passkey: v.exactOptional(v.strictObject({ credential: v.string(), wrapped: OwnBytes })),
	/** The vault key under the account key: with her account open she needs no passphrase. */
	own: OwnBytes,
	/** The latest time that was seen here: a clock that is set back makes nothing last longer. */
	seenAt: Time,
});
export type VaultRow = v.InferOutput<typeof VaultRow>;

/** One copy. Its names, notes and keys are in `sealed`, under the vault key. */
const CopyRow = v.strictObject({
	recording: Id,
	member: Id,
	sealed: OwnBytes,
	/** Sealed bytes of its files, together. */
	bytes: Count,
	keptAt: Time,
	expiresAt: Time,
});
export type CopyRow = v.InferOutput<typeof CopyRow>;

/** A copy that was removed, of which the server has not heard yet. */
const RemovedRow = v.strictObject({ recording: Id, member: Id });

function parsed<S extends v.GenericSchema>(schema: S, rows: readonly unknown[]) {
	return rows.flatMap((row): v.InferOutput<S>[] => {
		const result = v.safeParse(schema, row);
		return result.success ? [result.output] : [];
	});
}

export async function readVault(member: string): Promise<VaultRow | undefined> {
	return parsed(VaultRow, [await db.vaults.get(member)])[0];
}

export async function writeVault(row: VaultRow): Promise<void> {
	await db.vaults.put(row);
}

/** The copies of one member here, newest first. */
export async function readCopies(member: string): Promise<CopyRow[]> {
	return parsed(CopyRow, await db.copies.toArray())
		.filter((row) => row.member === member)
		.toSorted((a, b) => b.keptAt - a.keptAt);
}

export async function readCopy(recording: string): Promise<CopyRow | undefined> {
	return parsed(CopyRow, [await db.copies.get(recording)])[0];
}

export async function writeCopy(row: CopyRow): Promise<void> {
	await db.copies.put(row);
}

/** Forgets a copy, and remembers that the server is to be told. */
export async function dropCopy({ recording, member }: { recording: string; member: string }) {
	await db.transaction('rw', db.copies, db.removedCopies, async () => {
		await db.copies.delete(recording);
		await db.removedCopies.put({ recording, member });
	});
}

/** Recordings whose removal the server has not heard of. */
export async function readRemoved(member: string): Promise<string[]> {
	return parsed(RemovedRow, await db.removedCopies.toArray())
		.filter((row) => row.member === member)
		.map(({ recording }) => recording);
}

export async function toldRemoved(recording: string): Promise<void> {
	await db.removedCopies.delete(recording);
}

/** Somebody signs out, or the server does not know this device any more: nothing of her stays. */
export async function forgetCopies(): Promise<void> {
	for (const table of [db.vaults, db.copies, db.removedCopies]) await table.clear();
	await removeAllFolders();
}
