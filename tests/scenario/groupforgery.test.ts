import { expect, test } from 'vitest';
import { random, sha256, toBase64url } from '#crypto/bytes.ts';
import { verifyReceipt, receiptsDigest } from '#crypto/consent/consent.ts';
import type { Context } from '#crypto/group/context.ts';
import {
	type Evidence,
	certifyRecorder,
	joinEpoch,
	makeEpoch,
	mergeEvidence,
	signAdmission,
	signRemoval,
} from '#crypto/group/group.ts';
import { credentialOf } from '#crypto/group/library.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { FakeCall } from '../fake/call.ts';
import { forgePackage, forgeWelcome } from '../fake/forge.ts';
import { FakePerson, clock } from '../fake/person.ts';
import { resign } from '../fake/resign.ts';

/** A call of the host, Ann and Ben in one epoch, with packages of all on the shelf. */
async function callOfThree() {
	const call = await FakeCall.create();
	const ann = await call.newcomer('Ann');
	const ben = await call.newcomer('Ben');
	await call.connect(ann, ben);
	for (const person of [call.host, ann, ben]) await person.refill();
	return { call, host: call.host, ann, ben };
}

/** The context that `maker` would honestly write, changed. */
async function contextOf(
	maker: FakePerson,
	change: {
		evidence?: Partial<Evidence>;
		merged?: Partial<Evidence>;
		context?: Partial<Context>;
	} = {},
): Promise<Context> {
	const { session, hostKey, relay } = maker.place;
	const before = maker.epoch?.evidence;
	if (!before) throw new Error('the maker is in no epoch');
	const added = { ...(await mergeEvidence(hostKey, before)), ...change.evidence };
	const evidence = { ...added, ...change.merged };
	const receipts = await Promise.all(evidence.receipts.map(verifyReceipt));
	return {
		session,
		generation: relay.generation + 1,
		previous: await sha256(maker.epoch?.authenticator ?? random(32)),
		receipts: await receiptsDigest(receipts),
		evidence,
		...change.context,
	};
}

/** Offers what `maker` forged; gives why each of `judges` refuses it, or 'accepted'. */
async function judge(
	maker: FakePerson,
	others: readonly FakePerson[],
	context: Context | Uint8Array<ArrayBuffer>,
	judges: readonly FakePerson[] = others,
): Promise<string[]> {
	const { session, relay } = maker.place;
	const packages = others.map((other) => {
		const taken = relay.take(other.key);
		if (!taken) throw new Error(`no package of ${other.name}`);
		return taken;
	});
	const leaf = { signing: maker.signing, session };
	const welcome = await forgeWelcome({ leaf, packages, context });
	expect(relay.offer(relay.generation + 1, welcome)).toBe(true);
	const verdicts: string[] = [];
	for (const person of judges) {
		const before = person.refusals.length;
		await person.sync();
		const taken = person.epoch?.generation === relay.generation;
		const refusal = person.refusals.slice(before).at(-1);
		verdicts.push(taken ? 'accepted' : (refusal ?? 'silence'));
	}
	return verdicts;
}

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

test('a leaf under the identity of somebody else', async () => {
	const { call, host, ann } = await callOfThree();
	const { session } = call.place;
	const eve = await generateSigningKey();
	const forged = await forgePackage({ signing: eve, session, credential: credentialOf(ann.key) });
	const place = { store: host.store, session, hostKey: host.key };
	const making = makeEpoch({
		...place,
		previous: host.epoch,
		generation: 2,
		packages: [forged.bytes],
		evidence: call.issued,
	});
	await expect(making).rejects.toMatchObject({ reason: 'wrong-credential' });
	// And in a Welcome by a creator who lets it pass.
	const taken = call.place.relay.take(host.key);
	if (!taken) throw new Error('no package');
	const welcome = await forgeWelcome({
		leaf: { signing: ann.signing, session },
		packages: [taken, forged.bytes],
		context: await contextOf(ann),
	});
	const joining = joinEpoch({ ...place, previous: host.epoch, generation: 2, welcome });
	await expect(joining).rejects.toMatchObject({ reason: 'wrong-credential' });
});

test('a package that is too old, of another session, or altered', async () => {
	const { call, host, ann } = await callOfThree();
	const { session } = call.place;
	const place = { store: host.store, session, hostKey: host.key, previous: host.epoch };
	const make = (bytes: Uint8Array<ArrayBuffer>) =>
		makeEpoch({ ...place, generation: 2, packages: [bytes], evidence: call.issued });
	const { signing } = ann;
	const old = await forgePackage({ signing, session, notAfter: clock() - 1 });
	await expect(make(old.bytes)).rejects.toMatchObject({ reason: 'expired-package' });
	const other = await forgePackage({ signing, session: toBase64url(random(16)) });
	await expect(make(other.bytes)).rejects.toMatchObject({ reason: 'other-session' });
	const [good] = await ann.store.make(1);
	if (!good) throw new Error('no package');
	for (let at = 0; at < good.length; at += 11) {
		const altered = good.slice();
		altered[at] = (altered[at] ?? 0) ^ 1;
		await expect(make(altered)).rejects.toMatchObject({ code: 'epoch-refused' });
	}
});

test('a second commit in a group', async () => {
	const { call, host, ann } = await callOfThree();
	const { session, relay } = call.place;
	const taken = relay.take(host.key);
	if (!taken) throw new Error('no package');
	const welcome = await forgeWelcome({
		leaf: { signing: ann.signing, session },
		packages: [taken],
		context: await contextOf(ann),
		twice: true,
	});
	const place = { store: host.store, session, hostKey: host.key, previous: host.epoch };
	const joining = joinEpoch({ ...place, generation: 2, welcome });
	await expect(joining).rejects.toMatchObject({ reason: 'not-one-commit' });
});

test('an insider signs in the place of the creator', async () => {
	const { call, host, ann, ben } = await callOfThree();
	const { session, relay } = call.place;
	const packages = [relay.take(ann.key), relay.take(ben.key)].filter((one) => one !== undefined);
	const [, victim] = packages;
	if (!victim) throw new Error('no package');
	const place = { session, hostKey: host.key, generation: 2 };
	const lost = await makeEpoch({
		...place,
		store: host.store,
		previous: host.epoch,
		packages,
		evidence: call.issued,
	});
	const { welcome } = lost;
	const forged = await resign({ store: ann.store, welcome, victim, signer: 1 });
	const hers = { ...place, store: ben.store, previous: ben.epoch };
	await expect(joinEpoch({ ...hers, welcome: forged })).rejects.toMatchObject({
		reason: 'not-one-commit',
	});
	// The same by the creator herself is what everybody takes: the attack is whole but for the signer.
	const again = relay.take(ben.key);
	if (!again) throw new Error('no package');
	const good = await makeEpoch({
		...place,
		store: ann.store,
		previous: ann.epoch,
		packages: [relay.take(host.key) ?? again, again],
		evidence: call.issued,
	});
	const epoch = await joinEpoch({ ...hers, welcome: good.welcome });
	expect(epoch.roster[0]?.key).toEqual(ann.key);
});

test('a context that is not ours, too large, or not in its one form', async () => {
	const { ann, host, ben } = await callOfThree();
	const text = new TextEncoder().encode(' {}');
	expect(await judge(ann, [host], new Uint8Array(text))).toEqual(['bad-context']);
	expect(await judge(ann, [ben], new Uint8Array(200_000))).toEqual(['too-large']);
});

test('garbage in the place of a Welcome', async () => {
	const { call, host, ann, ben } = await callOfThree();
	for (const garbage of [new Uint8Array(), random(900), new Uint8Array(400_000)])
		call.place.relay.offer(call.place.relay.generation + 1, garbage);
	await host.sync();
	expect(host.refusals).toEqual(['not-a-welcome', 'not-a-welcome', 'too-large']);
	expect(await ann.make([host.key, ben.key])).toBe(true);
	await host.sync();
	await ben.sync();
	expect([host.epoch?.generation, ben.epoch?.generation]).toEqual([5, 5]);
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
