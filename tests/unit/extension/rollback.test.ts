import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { toBase64url } from '#crypto/bytes.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import { type X25519Key, generateX25519 } from '#crypto/identity/x25519.ts';
import { sealNames } from '#crypto/presence/names.ts';
import type { PresenceSession } from '#protocol/presence.ts';
import { newId } from '../../wire.ts';
import { FakeBrowser } from './browser.ts';

const device = newId();
const place = newId();
const id = newId();
const startsAt = 1_800_000_000_000;
let host: SigningKey;
let presence: X25519Key;

const browser = new FakeBrowser();
beforeAll(async () => {
	browser.install();
	[host, presence] = await Promise.all([generateSigningKey(), generateX25519()]);
});
beforeEach(() => browser.begin());
afterAll(() => vi.unstubAllGlobals());

async function sealed(issued: number, at = startsAt): Promise<string> {
	return toBase64url(
		await sealNames({
			host,
			presenceKey: presence.publicKey,
			of: { device, session: id, startsAt: at },
			issued,
			names: { title: '', people: [{ place, name: `Name ${issued}` }] },
		}),
	);
}

/** A worker as it starts, and what it makes of the names that the server sends. */
async function worker() {
	vi.resetModules();
	const { Names } = await import('../../../extension/background/presence/names.ts');
	const names = new Names({ device, presence, identity: host.publicKey });
	const session = { id, startsAt, minutes: 50, recorded: false, ended: false };
	return async (sent: string | null | undefined, at = startsAt) => {
		const day: PresenceSession[] =
			sent === undefined ? [] : [{ ...session, startsAt: at, names: sent }];
		await names.read(day);
		const { check, people } = names.of(id);
		return people.get(place) ?? check;
	};
}

test('names cannot become older, whatever the server sends in between', async () => {
	const [old, now, next] = [await sealed(4), await sealed(5), await sealed(6)];
	for (const between of [null, 'AAAA', undefined, old]) {
		browser.begin();
		const read = await worker();
		expect(await read(now)).toBe('Name 5');
		expect(await read(between)).not.toBe('Name 4');
		expect(await read(old)).toBe('missing');
		expect(await read(now)).toBe('Name 5');
		expect(await read(next)).toBe('Name 6');
		expect(await read(now)).toBe('missing');
	}
});

test('a worker that ended remembers how new the names were', async () => {
	expect(await (await worker())(await sealed(5))).toBe('Name 5');
	expect(await (await worker())(await sealed(4))).toBe('missing');
});

test('a session that was moved is counted by itself, and moved back still not older', async () => {
	const read = await worker();
	const later = startsAt + 1;
	expect(await read(await sealed(5))).toBe('Name 5');
	expect(await read(await sealed(1, later), later)).toBe('Name 1');
	expect(await read(await sealed(4))).toBe('missing');
	expect(await read(await sealed(5))).toBe('Name 5');
});
