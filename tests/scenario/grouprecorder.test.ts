import { expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import {
	type SignedReceipt,
	noticeDigest,
	receiptsDigest,
	signReceipt,
	verifyReceipt,
} from '#crypto/consent/consent.ts';
import type { Context } from '#crypto/group/context.ts';
import {
	EpochRefused,
	type Evidence,
	certifyRecorder,
	mergeEvidence,
} from '#crypto/group/group.ts';
import { awarenessOf, rosterOfEpoch } from '#crypto/roster/roster.ts';
import { FakeCall } from '../fake/call.ts';
import { forgeWelcome } from '../fake/forge.ts';
import type { FakePerson } from '../fake/person.ts';

/** The host and Ann in an epoch, a recorder that was let in and certified, a notice, and nobody's consent. */
async function beforeConsent() {
	const call = await FakeCall.create();
	const ann = await call.newcomer('Ann');
	await call.connect(ann);
	const recorder = await call.newRecorder();
	const notice = await call.notice();
	const refill = async () => {
		for (const person of [call.host, ann, recorder]) await person.refill();
	};
	await refill();
	return { call, host: call.host, ann, recorder, notice, refill };
}

function lastKey(person: FakePerson): string | undefined {
	return [...person.held.keys()].at(-1);
}

async function recorded() {
	const all = await beforeConsent();
	const { call, host, ann, recorder, notice } = all;
	await call.allConsent([host, ann], notice);
	await call.connect(ann, recorder);
	await all.refill();
	return all;
}

/** The host's epoch with this evidence, without any check; what Ann says to it. */
async function annJudges(
	all: Awaited<ReturnType<typeof beforeConsent>>,
	change: Partial<Evidence> = {},
	others: readonly FakePerson[] = [all.recorder],
	context: Partial<Context> = {},
): Promise<string> {
	const { call, host, ann } = all;
	const { session, relay } = call.place;
	if (!host.epoch) throw new Error('no epoch');
	const merged = await mergeEvidence(host.key, host.epoch.evidence, call.issued);
	const evidence = { ...merged, ...change };
	const packages = [ann, ...others].map((person) => {
		const taken = relay.take(person.key);
		if (!taken) throw new Error('no package');
		return taken;
	});
	const read = await Promise.allSettled(evidence.receipts.map(verifyReceipt));
	const receipts = read.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
	const generation = relay.generation + 1;
	const previous = await host.epoch.authenticatorHash();
	const digest = await receiptsDigest(receipts);
	const leaf = { signing: host.signing, session };
	const honest = { session, generation, previous, receipts: digest, evidence };
	const welcome = await forgeWelcome({ leaf, packages, context: { ...honest, ...context } });
	relay.offer(generation, welcome);
	await ann.sync();
	return ann.epoch?.generation === generation ? 'accepted' : (ann.refusals.at(-1) ?? 'silence');
}

/** What Ann signs about the notice, changed. */
async function annSays(
	all: Awaited<ReturnType<typeof beforeConsent>>,
	change: Partial<Parameters<typeof signReceipt>[0]['receipt']>,
): Promise<SignedReceipt> {
	return signReceipt({
		subject: all.ann.signing,
		receipt: {
			session: all.call.place.session,
			hostKey: all.host.key,
			recorder: 'device',
			notice: await noticeDigest(all.notice),
			n: 1,
			type: 'consent',
			...change,
		},
	});
}

test('with the consent of all, everybody sees the recorder, and all hold one key', async () => {
	const { host, ann, recorder, call } = await recorded();
	for (const person of [host, ann, recorder]) {
		expect(person.epoch?.hasRecorder).toBe(true);
		expect(person.epoch?.roster.map((member) => member.role)).toEqual([
			'host',
			'participant',
			'recorder',
		]);
		expect(lastKey(person)).toBe(lastKey(host));
	}
	const epoch = ann.epoch;
	if (!epoch) throw new Error('no epoch');
	const shown = rosterOfEpoch(epoch);
	expect(shown).toMatchObject({ awareness: 'on', generation: 2 });
	expect(shown.others.map((member) => member.name)).toEqual(['Host']);
	expect(shown.recorder?.key).toEqual(recorder.key);
	// The recorder outside is a pause; removed for good, it is over.
	await call.connect(ann);
	expect(ann.epoch && awarenessOf(ann.epoch)).toBe('paused');
	await call.remove(recorder);
	await call.connect(ann);
	expect(ann.epoch && awarenessOf(ann.epoch)).toBe('off');
});

test('a receipt is missing, of the participant or of the host', async () => {
	const { call, host, ann, recorder, notice } = await beforeConsent();
	const making = () => host.prepare([ann.key, recorder.key], call.issued);
	await expect(making()).rejects.toMatchObject({ reason: 'receipt-missing' });
	await call.allConsent([ann], notice);
	await expect(making()).rejects.toMatchObject({ reason: 'receipt-missing' });
	await call.allConsent([host], notice);
	await expect(making()).resolves.toBeDefined();
	const all = await beforeConsent();
	expect(await annJudges(all)).toBe('receipt-missing');
});

test('what the maker claims does not help against what is known', async () => {
	const all = await beforeConsent();
	const { call, host, ann, notice } = all;
	await call.allConsent([host, ann], notice);
	const receipts = host.book.receipts.map((receipt) => receipt.signed);
	// Ann has withdrawn, and the host does not show it.
	await ann.say('withdrawal', notice);
	expect(await annJudges(all, { receipts })).toBe('receipt-withdrawn');
	// She consents again, to another notice; the old consent is still not it.
	await ann.say('consent', await call.notice('Research'));
	expect(await annJudges(all, { receipts, notice })).toBe('receipt-stale');
});

test('a withdrawal travels with the evidence and cannot be dropped again', async () => {
	const all = await recorded();
	const { call, host, ann, recorder, notice } = all;
	const old = host.book.receipts.map((receipt) => receipt.signed);
	await ann.say('withdrawal', notice);
	// She makes the epoch herself; nobody has to be asked.
	expect(await ann.make([host.key])).toBe(true);
	await host.sync();
	expect(host.epoch?.hasRecorder).toBe(false);
	expect(host.book.latest(ann.key)?.type).toBe('withdrawal');
	await recorder.sync();
	expect(recorder.refusals.at(-1)).toBe('not-a-recipient');
	expect([...recorder.held.keys()]).not.toContain(lastKey(host));
	await all.refill();
	const making = host.prepare([ann.key, recorder.key], call.issued);
	await expect(making).rejects.toMatchObject({ reason: 'receipt-withdrawn' });
	expect(await annJudges(all, { receipts: old })).toBe('evidence-shrunk');
	// A client that has no epoch, and only her persisted book.
	ann.lose();
	expect(await annJudges(all, { receipts: old })).toBe('receipt-withdrawn');
});

/** What Ann's client says to a recorder that is there on the strength of the host's consent and this of hers. */
async function judged(change: Parameters<typeof annSays>[1]): Promise<string> {
	const all = await beforeConsent();
	const own = await all.host.say('consent', all.notice);
	return annJudges(all, { receipts: [own, await annSays(all, change)] });
}

test('receipts of another notice, session, host, recorder or hand', async () => {
	expect(await judged({})).toBe('accepted');
	expect(await judged({ guardianOf: 'Tim' })).toBe('accepted');
	expect(await judged({ notice: random(32) })).toBe('receipt-other-notice');
	expect(await judged({ session: toBase64url(random(16)) })).toBe('receipt-other-session');
	expect(await judged({ hostKey: random(32) })).toBe('receipt-other-host');
	expect(await judged({ recorder: 'station' })).toBe('receipt-other-recorder');
	expect(await judged({ type: 'withdrawal' })).toBe('receipt-withdrawn');
});

test('a receipt under the signature of somebody else, or twice', async () => {
	const all = await beforeConsent();
	const own = await all.host.say('consent', all.notice);
	const hers = await annSays(all, {});
	const forged = { text: hers.text, signature: own.signature };
	expect(await annJudges(all, { receipts: [own, forged] })).toBe('receipt-forged');
	expect(await annJudges(all, { receipts: [own, hers, hers] })).toBe('bad-evidence');
	await expect(all.host.book.add(forged)).rejects.toThrow('bad-signature');
});

test('the digest in the context is that of the receipts', async () => {
	const all = await beforeConsent();
	await all.call.allConsent([all.host, all.ann], all.notice);
	const receipts = all.host.book.receipts.map((receipt) => receipt.signed);
	const lie = { receipts: random(32) };
	expect(await annJudges(all, { receipts }, undefined, lie)).toBe('wrong-receipts-digest');
	expect(await annJudges(all, { receipts })).toBe('accepted');
});

test('a recorder without certificate, without notice, or two of them', async () => {
	const all = await beforeConsent();
	const { call, host, ann, notice } = all;
	await call.allConsent([host, ann], notice);
	const receipts = host.book.receipts.map((receipt) => receipt.signed);
	expect(await annJudges(all, { receipts, recorders: [] })).toBe('recorder-uncertified');
	expect(await annJudges(all, { receipts, notice: null })).toBe('notice-missing');
	const { session } = call.place;
	const forged = await certifyRecorder({
		host: ann.signing,
		session,
		key: all.recorder.key,
		kind: 'device',
	});
	expect(await annJudges(all, { receipts, recorders: [forged] })).toBe('recorder-forged');
	const second = await call.newRecorder('Second');
	expect(await annJudges(all, { receipts }, [all.recorder, second])).toBe('too-many-recorders');
});

test('a certificate for a station does not serve a notice about a device', async () => {
	const all = await beforeConsent();
	const { call, host, ann, recorder, notice } = all;
	await call.allConsent([host, ann], notice);
	const receipts = host.book.receipts.map((receipt) => receipt.signed);
	const station = await certifyRecorder({
		host: host.signing,
		session: call.place.session,
		key: recorder.key,
		kind: 'station',
	});
	expect(await annJudges(all, { receipts, recorders: [station] })).toBe('receipt-other-recorder');
});

test('only the host brings a recorder in, and a recorder makes no epoch', async () => {
	const { call, host, ann, recorder, refill } = await recorded();
	// The host pauses.
	await call.connect(ann);
	await refill();
	await expect(ann.prepare([host.key, recorder.key])).rejects.toMatchObject({
		reason: 'recorder-by-participant',
	});
	await call.connect(ann, recorder);
	await refill();
	await expect(recorder.prepare([host.key, ann.key])).rejects.toMatchObject({
		reason: 'recorder-creator',
	});
	// With the recorder in, a participant may keep it: somebody came back meanwhile.
	expect(await ann.make([host.key, recorder.key])).toBe(true);
	await host.sync();
	expect(host.epoch?.hasRecorder).toBe(true);
});

test('a seventh person is refused, a recorder beside six is not', async () => {
	const call = await FakeCall.create();
	const names = ['Ann', 'Ben', 'Cem', 'Dora', 'Ed'];
	const people: FakePerson[] = [];
	for (const name of names) people.push(await call.newcomer(name));
	const notice = await call.notice();
	await call.allConsent([call.host, ...people], notice);
	const recorder = await call.newRecorder();
	await call.connect(...people, recorder);
	expect(call.host.epoch?.roster).toHaveLength(7);
	expect(call.host.epoch?.me.leaf).toBe(0);
	const seventh = await call.newcomer('Fay');
	for (const person of people) await person.refill();
	const making = call.host.prepare(
		[...people, seventh].map((person) => person.key),
		call.issued,
	);
	await expect(making).rejects.toMatchObject({ reason: 'too-many-people' });
	await expect(making).rejects.toBeInstanceOf(EpochRefused);
});

test('somebody without a receipt is met without the recorder first', async () => {
	const { call, host, ann, recorder, refill } = await recorded();
	const ben = await call.newcomer('Ben');
	const making = host.prepare([ann.key, ben.key, recorder.key], call.issued);
	await expect(making).rejects.toMatchObject({ reason: 'receipt-missing' });
	await refill();
	await ben.refill();
	await call.connect(ann, ben);
	expect(ben.epoch?.hasRecorder).toBe(false);
});
