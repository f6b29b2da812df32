import { beforeAll, expect, test } from 'vitest';
import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { type Identity, createStaffIdentity } from '#crypto/identity/identity.ts';
import type { Former } from '#crypto/members/former.ts';
import type { MemberList, Role } from '#crypto/members/members.ts';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { limits } from '#protocol/limits.ts';
import { encodePlace, encodeSession, textMax } from './contents.ts';
import { openText, sealText } from './sealed.ts';
import { type Opened, type Vouched, openContents, signContents } from './signed.ts';

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
const nothing: Vouched = () => Promise.resolve(false);
const everything: Vouched = () => Promise.resolve(true);
const openBy = (signed: string, list = members, vouched = nothing): Promise<Opened> =>
	openContents({
		members: list,
		own: { id: host.id, key: host.identity.signing.publicKey },
		host: host.id,
		about,
		text: signed,
		vouched,
	});
const open = async (signed: string, list = members) => (await openBy(signed, list)).text;

const formerly = ({ id, role, identity }: Person): Former => ({
	id,
	role,
	ed25519: identity.signing.publicKey,
	pages: [],
});
/** The list without her, or with another role, and with what she was. */
const after = (was: Person, role?: Role): MemberList => {
	const others = members.members.filter(({ id }) => id !== was.id);
	const { publicIdentity } = was.identity;
	const now = role ? [...others, { id: was.id, role, publicIdentity }] : others;
	return { ...members, members: now, former: [formerly(was)] };
};

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

test('what a planner wrote is read after she lost her role, and nothing that she writes since', async () => {
	const [then, since] = await Promise.all([
		signBy(scheduler),
		signContents({
			author: scheduler.id,
			key: scheduler.identity.signing,
			about,
			text: encodePlace({ name: 'Eve', secret: createLinkSecret() }),
		}),
	]);
	const vouched: Vouched = (former, signed) =>
		Promise.resolve(former.id === scheduler.id && signed === then);
	for (const list of [after(scheduler), after(scheduler, 'clinician')]) {
		const { author, text: read } = await openBy(then, list, vouched);
		expect(author).toEqual({ id: scheduler.id, former: true });
		expect(JSON.parse(read)).toEqual(JSON.parse(text));
		await expect(openBy(since, list, vouched)).rejects.toMatchObject(refused);
		// Without the practice’s word not even what is old.
		await expect(openBy(then, list)).rejects.toMatchObject(refused);
	}
});

test('a former clinician is believed of her own sessions only, and a former key signs for nobody else', async () => {
	const list = after(colleague);
	await expect(openBy(await signBy(colleague), list, everything)).rejects.toMatchObject(refused);
	const asHost = await signBy(host, scheduler.identity.signing);
	await expect(openBy(asHost, after(scheduler), everything)).rejects.toMatchObject(refused);
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
