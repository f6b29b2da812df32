import { beforeAll, expect, test } from 'vitest';
import { toBase64url } from '#crypto/bytes.ts';
import { generateSigningKey, type SigningKey } from '#crypto/identity/signing.ts';
import { generateX25519, type X25519Key } from '#crypto/identity/x25519.ts';
import { sealNames } from '#crypto/presence/names.ts';
import { readNames } from '../../../extension/background/presence/names.ts';
import { wordsOf } from '../../../extension/background/presence/words.ts';
import { newId } from '../../wire.ts';

const device = newId();
const place = newId();
const session = { id: newId(), startsAt: 1_800_000_000_000 };
let host: SigningKey;
let other: SigningKey;
let presence: X25519Key;

beforeAll(async () => {
	[host, other, presence] = await Promise.all([
		generateSigningKey(),
		generateSigningKey(),
		generateX25519(),
	]);
});

async function sealedBy(key: SigningKey, issued = 1, name = 'Dana Whitfield'): Promise<string> {
	return toBase64url(
		await sealNames({
			host: key,
			presenceKey: presence.publicKey,
			of: { device, session: session.id, startsAt: session.startsAt },
			issued,
			names: { title: 'Follow-up', people: [{ place, name }] },
		}),
	);
}

const read = (names: string | null, part: Partial<typeof session> = {}, issuedMin = 0) =>
	readNames(
		{ device, presence, identity: host.publicKey },
		{ ...session, ...part, names },
		issuedMin,
	);

test('a name counts that the own account signed; what is not there yet is missing', async () => {
	const named = await read(await sealedBy(host));
	expect([named.check, named.title, named.people.get(place)]).toEqual([
		'verified',
		'Follow-up',
		'Dana Whitfield',
	]);
	expect((await read(null)).check).toBe('missing');
	expect((await read(await sealedBy(host), { startsAt: 1 })).check).toBe('missing');
	expect((await read(await sealedBy(host, 4), {}, 5)).check).toBe('missing');
});

test('a name that another key signed, and one that is no name at all, is marked and not shown', async () => {
	for (const names of [await sealedBy(other), (await sealedBy(host)).slice(0, -4), 'AAAA']) {
		const named = await read(names);
		expect([named.check, named.title, named.people.size]).toEqual(['forged', '', 0]);
	}
	expect((await read(await sealedBy(host), { id: newId() })).check).toBe('forged');
});

test('the operating system is told of nobody unless that was chosen, and then that a name was forged', () => {
	const since = 1_800_000_000_000;
	const dana = { since, startsAt: since, name: 'Dana Whitfield', check: 'verified' } as const;
	const hidden = wordsOf(dana, 'nobody');
	expect(hidden.title).toBe('Somebody is waiting');
	expect(JSON.stringify(hidden)).not.toMatch(/Dana|Whitfield|DW/);
	expect(wordsOf(dana, 'initials').title).toBe('DW is waiting');
	expect(wordsOf(dana, 'name').title).toBe('Dana Whitfield is waiting');
	const bad = { since, startsAt: undefined, name: null, check: 'forged' } as const;
	expect(wordsOf(bad, 'name').title).toBe('Somebody is waiting');
	expect(wordsOf(bad, 'name').message).toContain('did not sign');
	expect(wordsOf(bad, 'nobody').message).not.toContain('did not sign');
});

test('a name that no screen has room for is cut', async () => {
	const { people } = await read(await sealedBy(host, 1, 'x'.repeat(500)));
	expect(people.get(place)).toBe(`${'x'.repeat(99)}…`);
});
