import { beforeAll, expect, test } from 'vitest';
import { createAccountKey, sealUnderAccountKey } from '#crypto/account/key.ts';
import { fromBase64url, random, toBase64url, utf8 } from '#crypto/bytes.ts';
import { type Identity, createStaffIdentity } from '#crypto/identity/identity.ts';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { limits } from '#protocol/limits.ts';
import { decodePlace, decodeSession, encodePlace, encodeSession, textMax } from './contents.ts';
import { isBoxes, openText, sealText } from './sealed.ts';

let host: Identity;
let schedule: Identity;
let stranger: Identity;
beforeAll(async () => {
	const [one, two, three] = await Promise.all([
		createStaffIdentity(),
		createStaffIdentity(),
		createStaffIdentity(),
	]);
	[host, schedule, stranger] = [one.identity, two.identity, three.identity];
});

const context = 'place one two';
const seal = (text: string) =>
	sealText({ to: [host.publicIdentity, schedule.publicIdentity], context, text });

test('the host and the holder of the schedule key open it, nobody else and nowhere else', async () => {
	const sealed = fromBase64url(await seal('Dana Whitfield'));
	expect(isBoxes(sealed)).toBe(true);
	for (const opener of [host, schedule])
		expect(await openText({ openers: [opener], context, sealed })).toBe('Dana Whitfield');
	expect(await openText({ openers: [stranger, schedule], context, sealed })).toBe('Dana Whitfield');
	await expect(openText({ openers: [stranger], context, sealed })).rejects.toMatchObject({
		code: 'not-a-recipient',
	});
	await expect(
		openText({ openers: [host], context: 'place one three', sealed }),
	).rejects.toMatchObject({ code: 'open-failed' });
});

test('names of one length and another cannot be told apart by what is stored', async () => {
	const [short, long] = await Promise.all([seal('Bo'), seal('Dana Whitfield-Achterberg')]);
	expect(short).toHaveLength(long.length);
});

test('what an account sealed for itself before is not taken for boxes', async () => {
	const sealed = await sealUnderAccountKey(createAccountKey(), context, utf8('{"v":1}'));
	expect(isBoxes(sealed)).toBe(false);
});

test('contents come back as they were, and empty fields are left out', () => {
	const secret = createLinkSecret();
	const person = {
		name: 'Dana',
		email: 'dana@example.org',
		timeZone: 'America/Denver',
		state: 'WA',
	};
	expect(decodePlace(encodePlace({ ...person, mobile: '', secret }))).toEqual({
		...person,
		secret,
	});
	const series = { id: toBase64url(random(16)), zone: 'Europe/Berlin', number: 2, count: 8 };
	expect(decodeSession(encodeSession({ title: 'Intake', note: '', series }))).toEqual({
		title: 'Intake',
		series,
	});
});

test('contents of the first version are read', () => {
	const secret = createLinkSecret();
	const text = JSON.stringify({ v: 1, name: 'Dana', secret: toBase64url(secret) });
	expect(decodePlace(text)).toEqual({ name: 'Dana', secret });
	expect(decodeSession('{"v":1}')).toEqual({});
	expect(() => decodeSession('{"v":3}')).toThrow(expect.objectContaining({ code: 'bad-encoding' }));
});

test('the longest texts in any script are stored', async () => {
	const [title, note] = ['汉'.repeat(textMax.title), '汉'.repeat(textMax.note)];
	const series = { id: toBase64url(random(16)), zone: 'z'.repeat(64), number: 26, count: 26 };
	const session = encodeSession({ title, note, series });
	expect(utf8(session).length).toBeGreaterThan(3 * textMax.note);
	expect((await seal(session)).length).toBeLessThanOrEqual(limits.sealedChars);
	const name = '汉'.repeat(textMax.name);
	const email = '汉'.repeat(textMax.contact);
	const place = encodePlace({ name, email, mobile: '1'.repeat(32), secret: createLinkSecret() });
	expect((await seal(place)).length).toBeLessThanOrEqual(limits.sealedChars);
});
