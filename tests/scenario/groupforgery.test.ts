import { expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { certifyRecorder, joinEpoch, signAdmission, signRemoval } from '#crypto/group/group.ts';
import { forgeWelcome } from '../fake/forge.ts';
import { callOfThree, contextOf, judge } from '../fake/judge.ts';
import { FakePerson } from '../fake/person.ts';

test('the forge makes what everybody takes when nothing is forged', async () => {
	const { host, ann, ben } = await callOfThree();
	expect(await judge(ann, [host, ben], await contextOf(ann))).toEqual(['accepted', 'accepted']);
});

test('a participant adds a stranger', async () => {
	const { call, host, ann, ben } = await callOfThree();
	const eve = await FakePerson.create('Eve', call.place);
	await eve.refill();
	expect(await judge(ann, [host, ben, eve], await contextOf(ann))).toEqual([
		'not-admitted',
		'not-admitted',
		'not-admitted',
	]);
});

test('a participant admits somebody herself', async () => {
	const { call, host, ann, ben } = await callOfThree();
	const eve = await FakePerson.create('Eve', call.place);
	await eve.refill();
	const { session } = call.place;
	const forged = await signAdmission({
		host: ann.signing,
		session,
		key: eve.key,
		name: 'Eve',
		role: 'participant',
	});
	const { admissions } = await contextOf(ann).then(({ evidence }) => evidence);
	const context = await contextOf(ann, { merged: { admissions: [...admissions, forged] } });
	expect(await judge(ann, [host, ben, eve], context, [host, ben])).toEqual([
		'admission-forged',
		'admission-forged',
	]);
});

test('an admission to another session of the same host', async () => {
	const { call, host, ann, ben } = await callOfThree();
	const eve = await FakePerson.create('Eve', call.place);
	await eve.refill();
	const elsewhere = await signAdmission({
		host: host.signing,
		session: toBase64url(random(16)),
		key: eve.key,
		name: 'Eve',
		role: 'participant',
	});
	const { admissions } = call.issued;
	const context = await contextOf(ann, { merged: { admissions: [...admissions, elsewhere] } });
	expect(await judge(ann, [host, ben, eve], context, [host, ben])).toEqual([
		'other-session',
		'other-session',
	]);
});

test('a participant drops the host', async () => {
	const { ann, ben } = await callOfThree();
	expect(await judge(ann, [ben], await contextOf(ann))).toEqual(['host-missing']);
});

test('a participant drops another participant, whom only the host may drop', async () => {
	const { call, host, ann, ben } = await callOfThree();
	expect(await judge(ann, [host], await contextOf(ann))).toEqual(['participant-dropped']);
	await host.refill();
	// The host may: Ben left, or his machine did.
	expect(await host.make([ann.key], call.issued)).toBe(true);
	await ann.sync();
	expect(ann.epoch?.roster).toHaveLength(2);
	await ben.sync();
	expect(ben.refusals.at(-1)).toBe('not-a-recipient');
});

test('a participant leaves out whom the host removed', async () => {
	const { call, host, ann, ben } = await callOfThree();
	await call.remove(ben);
	const { removals } = call.issued;
	const context = await contextOf(ann, { evidence: { removals } });
	expect(await judge(ann, [host], context)).toEqual(['accepted']);
	const { host: other, ann: forger, ben: victim } = await callOfThree();
	const { session } = other.place;
	const forged = await signRemoval({ host: forger.signing, session, key: victim.key });
	const lie = await contextOf(forger, { merged: { removals: [forged] } });
	expect(await judge(forger, [other], lie)).toEqual(['removal-forged']);
});

test('somebody who was removed never comes back', async () => {
	const { call, host, ann, ben } = await callOfThree();
	const before = await contextOf(ann);
	await call.remove(ben);
	await call.connect(ann);
	await ben.refill();
	const { admissions } = before.evidence;
	const back = await contextOf(ann, { merged: { admissions } });
	expect(await judge(ann, [host, ben], back, [host])).toEqual(['removed']);
	// Not even where the creator keeps the removal to herself.
	const { session } = call.place;
	const again = await contextOf(ann, { merged: { admissions, removals: [] } });
	expect(await judge(ann, [host, ben], again, [host])).toEqual(['removed']);
	// Nor in front of a client that has no epoch but knows of the removal.
	host.lose();
	host.removals = [await signRemoval({ host: host.signing, session, key: ben.key })];
	const third = await contextOf(ann, { merged: { admissions, removals: [] } });
	await host.refill();
	expect(await judge(ann, [host, ben], third, [host])).toEqual(['removed']);
});

test('a removal that the epoch before knew of is left out', async () => {
	const { call, host, ann, ben } = await callOfThree();
	await call.remove(ben);
	await call.connect(ann);
	const context = await contextOf(ann, { merged: { removals: [] } });
	expect(await judge(ann, [host], context)).toEqual(['evidence-shrunk']);
});

test('the chain of generations and authenticators', async () => {
	const { call, host, ann, ben } = await callOfThree();
	const wrong = await contextOf(ann, { context: { generation: 9 } });
	expect(await judge(ann, [host], wrong)).toEqual(['wrong-generation']);
	const foreign = await contextOf(ann, { context: { previous: random(32) } });
	expect(await judge(ann, [ben], foreign)).toEqual(['other-previous']);
	expect(ben.lost).toBe(true);
	const zeros = await contextOf(ann, { context: { previous: new Uint8Array(32) } });
	// Ben has no epoch now; that a participant was the first is not believed.
	expect(await judge(ann, [host, ben], zeros)).toEqual(['other-previous', 'no-previous']);
	await expect(host.prepare([ann.key], call.issued)).resolves.toBeDefined();
});

test('an old generation is refused, also without an epoch', async () => {
	const { call, host, ann, ben } = await callOfThree();
	const { session, hostKey } = call.place;
	const context = await contextOf(ann, { context: { generation: 1 } });
	const [package1] = await ben.store.make(1);
	if (!package1) throw new Error('no package');
	const welcome = await forgeWelcome({
		leaf: { signing: ann.signing, session },
		packages: [package1],
		context,
	});
	const place = { store: ben.store, session, hostKey, previous: undefined, generation: 1, welcome };
	await expect(joinEpoch({ ...place, known: { generation: 1 } })).rejects.toMatchObject({
		code: 'epoch-refused',
		reason: 'old-generation',
	});
	expect(host.epoch?.generation).toBe(1);
});

test('a creator who was not there before', async () => {
	const { call, host, ann, ben } = await callOfThree();
	const zoe = await call.newcomer('Zoe');
	// Somebody told her everything that Ann knows.
	zoe.epoch = ann.epoch;
	const context = await contextOf(zoe, { evidence: { admissions: call.issued.admissions } });
	expect(await judge(zoe, [host, ann, ben], context)).toEqual([
		'stranger-creator',
		'stranger-creator',
		'stranger-creator',
	]);
});

test('a certificate or a removal for the wrong key is a mistake of the caller', async () => {
	const { call, host, ann } = await callOfThree();
	const { session } = call.place;
	const one = { host: host.signing, session };
	await expect(signRemoval({ ...one, key: host.key })).rejects.toThrow(TypeError);
	const claim = { ...one, key: ann.key, name: 'Ann' };
	await expect(signAdmission({ ...claim, role: 'host' })).rejects.toThrow(TypeError);
	const certificate = await certifyRecorder({ ...one, key: ann.key, kind: 'device' });
	// A certificate alone makes nobody a recorder: the host's admission says what she is.
	const context = await contextOf(ann, { evidence: { recorders: [certificate] } });
	expect(await judge(ann, [host], { ...context, evidence: context.evidence })).toEqual([
		'participant-dropped',
	]);
});
