import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { createVaultKey, lockVault } from '#crypto/vault/vault.ts';
import { type CopyContent, openContent, sealContent } from '#lib/copies/content.ts';
import { copiesFolder, listFolders, writeObject } from '#lib/copies/folder.ts';
import { forgetCopies, readCopies, readRemoved, writeCopy, writeVault } from '#lib/copies/rows.ts';
import { removeExpired } from '#lib/copies/tend.ts';
import { db } from '#lib/db/db.ts';
import { readKept } from '#lib/play/kept.ts';

const newId = () => toBase64url(random(16));
const member = newId();
const dayMs = 24 * 60 * 60_000;
const start = 1_800_000_000_000;
const vaultKey = createVaultKey();
const track = newId();
const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at * 7 + (at >> 8));

const content: CopyContent = {
	v: 1,
	title: 'Dana Whitfield',
	startedAt: start,
	durationMs: 1_000,
	people: [],
	gaps: [],
	notes: [],
	captions: null,
	waveform: null,
};

/** Keeps a copy for so many days, as a page does. */
async function keep(days: number): Promise<string> {
	const recording = newId();
	await writeObject(
		{ recording, track, part: 0 },
		(async function* () {
			yield bytes.slice(0, 100_000);
			yield bytes.slice(100_000);
		})(),
	);
	const sealed = await sealContent(vaultKey, recording, content);
	const times = { keptAt: Date.now(), expiresAt: Date.now() + days * dayMs };
	await writeCopy({ recording, member, sealed, bytes: bytes.length, ...times });
	return recording;
}

beforeEach(async () => {
	vi.spyOn(Date, 'now').mockReturnValue(start);
	await forgetCopies();
	const how = { memoryKiB: 64, passes: 1, lanes: 1 };
	const lock = await lockVault({ member, vaultKey, passphrase: 'lantern orchard', how });
	await writeVault({ member, lock, own: random(60), seenAt: start });
});
afterEach(() => vi.restoreAllMocks());

const idsOf = (rows: readonly { recording: string }[]) => rows.map(({ recording }) => recording);

test('a copy goes when its time is over, also with a clock that was set back', async () => {
	const [short, long] = [await keep(1), await keep(7)];
	expect(idsOf(await removeExpired(member)).toSorted()).toEqual([short, long].toSorted());
	vi.mocked(Date.now).mockReturnValue(start + 2 * dayMs);
	expect(idsOf(await removeExpired(member))).toEqual([long]);
	expect(await listFolders()).toEqual([long]);
	expect(await readRemoved(member)).toEqual([short]);
	vi.mocked(Date.now).mockReturnValue(start + 8 * dayMs);
	await removeExpired(newId());
	vi.mocked(Date.now).mockReturnValue(start + 7 * dayMs);
	await removeExpired(member);
	vi.mocked(Date.now).mockReturnValue(start);
	await keep(3);
	expect(await removeExpired(member)).toEqual([]);
	expect(await listFolders()).toEqual([]);
});

test('any range of its sealed bytes is read from this device', async () => {
	const recording = await keep(1);
	const read = async (from: number, to: number) => {
		const object = { folder: copiesFolder, recording, track, part: 0 };
		const pieces: Uint8Array[] = [];
		for await (const piece of await readKept(object, { from, to })) pieces.push(piece);
		return new Uint8Array(await new Blob(pieces.map((one) => new Uint8Array(one))).arrayBuffer());
	};
	expect(await read(0, bytes.length)).toEqual(bytes);
	expect(await read(99_990, 100_010)).toEqual(bytes.slice(99_990, 100_010));
	const other = { folder: copiesFolder, recording: newId(), track, part: 0 };
	await expect(readKept(other, { from: 0, to: 9 })).rejects.toThrow();
});

test('what stands beside the bytes opens with the vault alone, and not when it was altered', async () => {
	await keep(1);
	const [row] = await readCopies(member);
	if (!row) throw new Error('no copy');
	expect(await openContent(vaultKey, row)).toEqual(content);
	await expect(openContent(createVaultKey(), row)).rejects.toThrow('open-failed');
	const sealed = row.sealed.slice();
	sealed[60] = (sealed[60] ?? 0) ^ 1;
	await expect(openContent(vaultKey, { ...row, sealed })).rejects.toThrow('open-failed');
	expect(JSON.stringify(await db.copies.toArray())).not.toContain('Dana');
});

test('whoever signs out leaves no copy, no lock and no bytes', async () => {
	await keep(7);
	await forgetCopies();
	expect(await listFolders()).toEqual([]);
	for (const table of [db.vaults, db.copies, db.removedCopies]) expect(await table.count()).toBe(0);
});
