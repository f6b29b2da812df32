import { beforeAll, expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { type Identity, createStaffIdentity } from '#crypto/identity/identity.ts';
import type { MemberList, Role } from '#crypto/members/members.ts';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { openVisit, sealVisit } from './visit.ts';

const id = () => toBase64url(random(16));
interface Somebody {
	readonly id: string;
	readonly identity: Identity;
}
const somebody = async (): Promise<Somebody> => {
	const { identity } = await createStaffIdentity();
	return { id: id(), identity };
};

let maya: Somebody;
let rosa: Somebody;
let dana: Somebody;
let ines: Somebody;
const about = { session: id(), place: id() };
const secret = createLinkSecret();

beforeAll(async () => {
	[maya, rosa, dana, ines] = await Promise.all([somebody(), somebody(), somebody(), somebody()]);
});

const listed = (who: Somebody, role: Role) => ({
	id: who.id,
	role,
	publicIdentity: who.identity.publicIdentity,
});
const list = (ofMaya: Role = 'clinician', ofRosa: Role = 'scheduler'): MemberList => ({
	practice: id(),
	version: 1,
	members: [
		listed(maya, ofMaya),
		listed(rosa, ofRosa),
		listed(dana, 'participant-only'),
		listed(ines, 'participant-only'),
	],
});
const seal = (by: Somebody, to: Somebody = dana) =>
	sealVisit({
		author: { id: by.id, key: by.identity.signing },
		to: listed(to, 'participant-only'),
		about,
		text: { host: maya.id, with: 'Dr. Maya Okafor', secret },
	});
const open = (sealed: string, change: Partial<Parameters<typeof openVisit>[0]> = {}) =>
	openVisit({
		identity: dana.identity,
		members: list(),
		about: { ...about, member: dana.id },
		sealed,
		...change,
	});

test('an appointment is opened by its participant alone', async () => {
	const sealed = await seal(maya);
	expect(await open(sealed)).toEqual({ host: maya.id, with: 'Dr. Maya Okafor', secret });
	await expect(open(sealed, { identity: ines.identity })).rejects.toThrow('not-a-recipient');
	expect(Buffer.from(sealed, 'base64url').toString()).not.toContain('Okafor');
	for (const wrong of [{ session: id() }, { place: id() }])
		await expect(open(sealed, { about: { ...about, member: dana.id, ...wrong } })).rejects.toThrow(
			'open-failed',
		);
	await expect(open(sealed, { about: { ...about, member: ines.id } })).rejects.toThrow(
		'bad-signature',
	);
});

test('only the host, or who plans for others, says whom somebody meets', async () => {
	expect((await open(await seal(rosa))).host).toBe(maya.id);
	expect((await open(await seal(rosa), { members: list('clinician', 'admin') })).host).toBe(
		maya.id,
	);
	for (const role of ['clinician', 'supervisor', 'station'] as const)
		await expect(open(await seal(rosa), { members: list('clinician', role) })).rejects.toThrow(
			'bad-signature',
		);
	for (const role of ['scheduler', 'participant-only'] as const)
		await expect(open(await seal(maya), { members: list(role) })).rejects.toThrow('bad-signature');
	await expect(open(await seal(ines))).rejects.toThrow('bad-signature');
	await expect(open(await seal(await somebody()))).rejects.toThrow('bad-signature');
});
