import { beforeAll, expect, test } from 'vitest';
import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { type Identity, createStaffIdentity } from '#crypto/identity/identity.ts';
import type { MemberList, Role } from '#crypto/members/members.ts';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { limits } from '#protocol/limits.ts';
import { encodePlace, encodeSession, textMax } from './contents.ts';
import { openText, sealText } from './sealed.ts';
import { openContents, signContents } from './signed.ts';

const newId = (): string => toBase64url(random(16));
const about = { session: newId(), place: newId() };
const refused = { code: 'bad-signature' };

interface Person {
	readonly id: string;
	readonly role: Role;
	readonly identity: Identity;
}
const person = async (role: Role): Promise<Person> => {
	const { identity } = await createStaffIdentity();
	return { id: newId(), role, identity };
};
let host: Person, colleague: Person, admin: Person, scheduler: Person, members: MemberList;
beforeAll(async () => {
	[host, colleague, admin, scheduler] = await Promise.all([
		person('clinician'),
		person('clinician'),
		person('admin'),
		person('scheduler'),
	]);
	const list = [host, colleague, admin, scheduler].map(({ id, role, identity }) => ({
		id,
		role,
		publicIdentity: identity.publicIdentity,
	}));
	members = { practice: newId(), version: 1, members: list };
});

const text = encodePlace({ name: 'Dana "D"', secret: createLinkSecret() });
const signBy = ({ id, identity }: Person, key = identity.signing, of = about) =>
	signContents({ author: id, key, about: of, text });
const open = (signed: string, list = members) =>
	openContents({
		members: list,
		own: { id: host.id, key: host.identity.signing.publicKey },
		host: host.id,
		about,
		text: signed,
	});

test('contents by the host, an admin and a scheduler are read as they were written', async () => {
	for (const author of [host, admin, scheduler])
		expect(JSON.parse(await open(await signBy(author)))).toEqual(JSON.parse(text));
});

test('the own contents are read before the list has oneself', async () => {
	const empty = { ...members, members: [] };
	expect(JSON.parse(await open(await signBy(host), empty))).toEqual(JSON.parse(text));
	await expect(open(await signBy(admin), empty)).rejects.toMatchObject(refused);
});

test('contents forged with the public keys of the readers only are refused', async () => {
	const { identity } = await createStaffIdentity();
	const forged = await signBy(host, identity.signing);
	const context = 'place';
	const box = await sealText({ to: [host.identity.publicIdentity], context, text: forged });
	const sealed = fromBase64url(box);
	const opened = await openText({ openers: [host.identity], context, sealed });
	await expect(open(opened)).rejects.toMatchObject(refused);
});

test('contents that nobody signed are refused', async () => {
	await expect(open(text)).rejects.toMatchObject({ code: 'bad-encoding' });
	const unsigned = 'A'.repeat(86) + (await signBy(host)).slice(86);
	await expect(open(unsigned)).rejects.toMatchObject(refused);
});

test('contents by a clinician who is not the host are refused', async () => {
	await expect(open(await signBy(colleague))).rejects.toMatchObject(refused);
});

test('contents of another place, of another session and of the session itself are refused', async () => {
	const others = [{ place: newId() }, { session: newId() }];
	for (const other of others)
		await expect(open(await signBy(host, undefined, { ...about, ...other }))).rejects.toMatchObject(
			refused,
		);
	const key = host.identity.signing;
	const whole = { session: about.session, place: null };
	const signed = await signContents({ author: host.id, key, about: whole, text });
	await expect(open(signed)).rejects.toMatchObject(refused);
});

test('the longest signed texts in any script are stored', async () => {
	const [title, note] = ['汉'.repeat(textMax.title), '汉'.repeat(textMax.note)];
	const series = { id: newId(), zone: 'z'.repeat(64), number: 26, count: 26 };
	const longest = encodeSession({ title, note, series });
	const signed = await signContents({
		author: host.id,
		key: host.identity.signing,
		about,
		text: longest,
	});
	const to = [host.identity.publicIdentity, admin.identity.publicIdentity];
	const sealed = await sealText({ to, context: 'session', text: signed });
	expect(sealed.length).toBeLessThanOrEqual(limits.sealedChars);
});
