import { expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { type Part2, signNotice, verifyNotice } from '#crypto/consent/consent.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { type Role, roles } from '#crypto/members/members.ts';
import { recipientsOf } from './recipients.ts';

const id = () => toBase64url(random(16));
const one = () => ({
	id: id(),
	publicIdentity: { ed25519: random(32), x25519: random(32), xwing: random(1216) },
});
const [host, records] = [one(), one()];
const people = roles.map((role: Role) => ({ ...one(), role }));
const members = {
	practice: records.id,
	version: 1,
	members: [...people, { ...host, role: 'supervisor' as const }],
};
const supervisor = people.find(({ role }) => role === 'supervisor');

async function notice(supervisors?: true, part2?: Part2) {
	const [key, session] = [await generateSigningKey(), id()];
	const words = { practice: 'P', host: 'H', purpose: 'Supervision', openers: 'H and others' };
	const signed = await signNotice({
		host: key,
		notice: { ...words, session, recorder: 'device', keptUntil: null, supervisors, part2 },
	});
	return verifyNotice({ signed, hostKey: key.publicKey, session });
}

test('supervisors get keys only when the practice wishes it and the notice says so', async () => {
	const [told, untold] = [await notice(true), await notice()];
	const to = (said: typeof told | null, supervisorsOpen: boolean) =>
		recipientsOf({ host, records, members, notice: said, supervisorsOpen }).map((it) => it.id);
	expect(to(told, true)).toEqual([host.id, records.id, supervisor?.id]);
	for (const [said, wish] of [
		[told, false],
		[untold, true],
		[untold, false],
		[null, true],
	] as const)
		expect(to(said, wish)).toEqual([host.id, records.id]);
});

test('who is no member any more, or no supervisor, gets none', async () => {
	const said = await notice(true);
	const others = members.members.filter(
		({ role, id: who }) => role !== 'supervisor' || who === host.id,
	);
	const list = { ...members, members: others };
	const given = recipientsOf({ host, records, members: list, notice: said, supervisorsOpen: true });
	expect(given.map((it) => it.id)).toEqual([host.id, records.id]);
});

test('under 42 CFR Part 2 nobody gets keys whom the consent does not name', async () => {
	const words = { program: 'P', what: 'W', to: 'H', revoke: 'R', ends: 'E', refusal: 'N' };
	const said = await notice(true, { ...words, care: false });
	const given = recipientsOf({ host, records, members, notice: said, supervisorsOpen: true });
	expect(given.map((it) => it.id)).toEqual([host.id, records.id]);
});
