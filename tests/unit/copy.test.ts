import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromBase64url } from '#crypto/bytes.ts';
import { createStaffIdentity } from '#crypto/identity/identity.ts';
import { openSigned } from '#crypto/identity/signed.ts';
import { ageStream } from '#lib/export/age.ts';
import { streamOf, zipped } from '#lib/export/archive.ts';
import { type CopyWish, copyFiles } from '#lib/export/copy.ts';
import { vouchFor } from '#lib/export/vouch.ts';
import { findAge, findFfmpeg } from '../../scripts/find.js';
import { copyWish } from '../copies.ts';
import { film } from '../films.ts';

const maya = {
	name: 'Dr. Maya Okafor',
	film: film({ colour: '0x1f8a4c', tone: 500, seconds: 4 }),
	startMs: 0,
	durationMs: 4000,
};
const dana = {
	name: 'Dana <b> Whitfield',
	film: film({ colour: '0x8a2f9a', tone: 1000, seconds: 3 }),
	startMs: 1000,
	durationMs: 3000,
};

let folder = '';
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), 'sotto-copy-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
	return Buffer.from(await new Response(stream).arrayBuffer());
}

const zipOf = (wish: CopyWish) => streamOf(zipped(copyFiles(wish), { at: wish.at }));

/** The files of a zip, written where other programs can look at them. */
function unpack(zip: Uint8Array, name: string): string {
	const to = join(folder, name);
	mkdirSync(to);
	for (const [path, bytes] of Object.entries(unzipSync(zip))) writeFileSync(join(to, path), bytes);
	return to;
}

test('a copy holds everybody’s WebM as it was recorded, which other programs read, and sums that they check', async () => {
	const { wish } = await copyWish([maya, dana]);
	let told = 0;
	const zip = await bytesOf(zipOf({ ...wish, onprogress: (bytes) => void (told = bytes) }));
	const to = unpack(zip, 'whole');
	expect(readFileSync(join(to, 'person-1.webm')).equals(maya.film)).toBe(true);
	expect(readFileSync(join(to, 'person-2.webm')).equals(dana.film)).toBe(true);
	expect(told).toBe(maya.film.length + dana.film.length);
	execFileSync('sha512sum', ['--check', '--strict', '--quiet', 'SHA512SUMS'], { cwd: to });
	for (const file of ['person-1.webm', 'person-2.webm']) {
		const input = ['-v', 'error', '-i', join(to, file), '-f', 'null', '-'];
		const { status, stderr } = spawnSync(findFfmpeg() ?? 'ffmpeg', input, { encoding: 'utf8' });
		expect([status, stderr]).toEqual([0, '']);
	}
});

test('the descriptor is a vCon that names each file with its time and its hash', async () => {
	const { wish } = await copyWish([maya, dana]);
	const files = unzipSync(await bytesOf(zipOf(wish)));
	const vcon = JSON.parse(Buffer.from(files['vcon.json'] ?? []).toString());
	const hash = createHash('sha512').update(dana.film).digest('base64url');
	expect(vcon).toMatchObject({
		vcon: '0.4.0',
		uuid: expect.stringMatching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
		created_at: '2026-06-01T12:00:00.000Z',
		parties: [
			{ name: maya.name, role: 'agent' },
			{ name: dana.name, role: 'customer' },
		],
		dialog: [
			{ type: 'recording', start: '2026-05-20T15:00:00.000Z', duration: 4, parties: [0] },
			{
				start: '2026-05-20T15:00:01.000Z',
				duration: 3,
				parties: [1],
				mediatype: 'video/webm',
				filename: 'person-2.webm',
				content_hash: `sha512-${hash}`,
			},
		],
	});
	// Nothing of it lies on a network.
	expect(JSON.stringify(vcon)).not.toContain('"url"');
});

test('a copy of one person’s part has nobody else in it, and asks the store for nobody else', async () => {
	const { wish, asked } = await copyWish([maya, dana]);
	const [, mine] = wish.outline.people;
	const files = unzipSync(await bytesOf(zipOf({ ...wish, people: new Set(['1']) })));
	expect(Object.keys(files)).toEqual(['index.html', 'person-1.webm', 'vcon.json', 'SHA512SUMS']);
	expect(Buffer.from(files['person-1.webm'] ?? []).equals(dana.film)).toBe(true);
	expect(new Set(asked.map(({ track }) => track))).toEqual(new Set([mine?.media?.track]));
	for (const bytes of Object.values(files)) expect(Buffer.from(bytes).includes('Maya')).toBe(false);
});

test('whoever has one person’s part can check by whom it was made, of which recording and track, and that no file is another', async () => {
	const { wish } = await copyWish([maya, dana]);
	const { identity } = await createStaffIdentity();
	const { signing } = identity;
	const { manifest } = wish;
	const author = { id: 'maya', name: maya.name, signing };
	const by = { author, practice: 'Riverside Therapy', manifest, at: wish.at };
	const part = { ...wish, people: new Set(['1']) };
	const zip = zipOf({ ...part, vouch: (written) => vouchFor(by, written) });
	const files = unzipSync(await bytesOf(zip));
	const { text, signature, key } = JSON.parse(
		Buffer.from(files['statement.json'] ?? []).toString(),
	);
	const publicKey = fromBase64url(key);
	expect(publicKey).toEqual(signing.publicKey);
	const opened = { publicKey, context: 'sotto/export/v1', schema: v.looseObject({}) } as const;
	const said = await openSigned({ ...opened, signed: { text, signature } });
	const sums = createHash('sha512')
		.update(Buffer.from(files['SHA512SUMS'] ?? []))
		.digest('hex');
	const track = wish.outline.people[1]?.media?.track;
	expect(said).toMatchObject({
		recording: manifest.recording,
		media: [{ file: 'person-1.webm', track }],
		sums,
		manifest: expect.stringMatching(/^[0-9a-f]{128}$/),
	});
	// Nobody else is in it, and it is in the list of the page.
	expect(text).not.toContain(wish.outline.people[0]?.media?.track);
	expect(Buffer.from(files['index.html'] ?? []).toString()).toContain('statement.json');
	const altered = { text: text.replace('person-1', 'person-2'), signature };
	await expect(openSigned({ ...opened, signed: altered })).rejects.toThrow('bad-signature');
});

test('a name cannot become part of the page', async () => {
	const { wish } = await copyWish([dana]);
	const files = unzipSync(await bytesOf(zipOf(wish)));
	const page = Buffer.from(files['index.html'] ?? []).toString();
	expect(page).toContain('Dana &lt;b&gt; Whitfield');
	expect(page).not.toContain('<b>');
});

test('altered bytes, a missing key and a cancelled copy end it with an error, never with a shorter file', async () => {
	const { wish, objects } = await copyWish([maya, dana]);
	const track = wish.outline.people[1]?.media?.track ?? '';
	const cancelled = AbortSignal.abort();
	await expect(bytesOf(zipOf({ ...wish, signal: cancelled }))).rejects.toThrow(/abort/i);
	const sealed = objects.get(track) ?? new Uint8Array();
	const middle = sealed.length >> 1;
	sealed[middle] = (sealed[middle] ?? 0) ^ 1;
	await expect(bytesOf(zipOf(wish))).rejects.toThrow('open-failed');
	// Whom this device has no key of, the copy does not have either.
	const keys = new Map([...wish.keys].filter(([one]) => one !== track));
	const files = unzipSync(await bytesOf(zipOf({ ...wish, keys })));
	expect(Object.keys(files)).not.toContain('person-2.webm');
});

test('only what is taken is read: a copy is never held as a whole', async () => {
	const { wish, asked } = await copyWish([maya, dana]);
	const reader = zipOf(wish).getReader();
	const last = wish.outline.people[1]?.media?.track;
	for (let bytes = 0; bytes < maya.film.length / 2;) {
		const { value } = await reader.read();
		bytes += value?.length ?? 0;
	}
	expect(asked.some(({ track }) => track === last)).toBe(false);
	await reader.cancel();
});

test.skipIf(!findAge())('the stock age tool opens a copy with a key', async () => {
	const { wish } = await copyWish([maya]);
	const identity = join(folder, 'key.txt');
	execFileSync('age-keygen', ['-o', identity], { stdio: 'ignore' });
	const recipient = /age1\S+/.exec(readFileSync(identity, 'utf8'))?.[0] ?? '';
	const sealed = join(folder, 'copy.zip.age');
	writeFileSync(sealed, await bytesOf(await ageStream(zipOf(wish), { recipient })));
	const zip = execFileSync('age', ['-d', '-i', identity, sealed], { maxBuffer: 2 ** 28 });
	expect(Buffer.from(unzipSync(zip)['person-1.webm'] ?? []).equals(maya.film)).toBe(true);
	expect(readFileSync(sealed).includes(Buffer.from('person-1.webm'))).toBe(false);
	await expect(ageStream(zipOf(wish), { recipient: 'age1nobody' })).rejects.toThrow(
		'copy-recipient',
	);
});

test.skipIf(!findAge())(
	'the stock age tool opens a copy with a passphrase, at a terminal as a person would',
	async () => {
		const { wish } = await copyWish([maya]);
		const passphrase = 'quiet harbour eleven lamps';
		const sealed = join(folder, 'words.zip.age');
		const opened = join(folder, 'words.zip');
		writeFileSync(sealed, await bytesOf(await ageStream(zipOf(wish), { passphrase })));
		// `age` asks at a terminal only: script(1) makes one.
		const command = `age -d -o '${opened}' '${sealed}'`;
		execFileSync('script', ['-qec', command, '/dev/null'], { input: `${passphrase}\n` });
		expect(Object.keys(unzipSync(readFileSync(opened)))).toContain('person-1.webm');
		await expect(ageStream(zipOf(wish), { passphrase: 'short' })).rejects.toThrow(
			'copy-passphrase',
		);
	},
);
