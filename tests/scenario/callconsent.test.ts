import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { toBase64url } from '#crypto/bytes.ts';
import type { SignedReceipt } from '#crypto/consent/consent.ts';
import { noticeDigest } from '#crypto/consent/consent.ts';
import { type Evidence, PackageStore, certifyRecorder, joinEpoch } from '#crypto/group/group.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { forgeWelcome } from '../fake/forge.ts';
import { type Insider, newId, reported, until } from '../e2e/insider.ts';
import { HostInsider, participant } from '../e2e/insiders.ts';
import { type TestServer, startServer } from '../server.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

// The host is the one who keeps no rules: she holds the keys that admit a recorder, and still nobody sends for it.
let server: TestServer;
let clinician: HostInsider;
const open: Insider[] = [];

beforeAll(async () => {
	server = await startServer();
	clinician = await HostInsider.setUp(server.address, server.setupUrl);
});
afterAll(() => server?.stop());
afterEach(() => {
	for (const insider of open.splice(0)) insider.close();
	const thrown = reported.splice(0);
	if (thrown.length > 0) throw thrown[0];
});

/** Maya and Dana in a call that may be recorded; Dana answered when she came, and the recorder stands outside. */
async function callOfTwo(agrees: boolean) {
	const session = await clinician.session(['Dana'], { recorded: true });
	const maya = await clinician.enter(session);
	const dana = await participant(session.links.get('Dana') ?? '', { agrees });
	const { text } = await clinician.connect(maya, session, 'Dana');
	open.push(maya, dana);
	await until('both are in', () => dana.room.epoch?.roster.length === 2);
	const recorder = await newRecorder(maya);
	const own = await maya.say('consent');
	await maya.memory.receipts.add(own);
	return { session, maya, dana, recorder, own, receipt: text.receipt };
}

async function agreed() {
	const call = await callOfTwo(true);
	const hers = call.receipt;
	if (!hers) throw new Error('she agreed');
	await call.dana.memory.receipts.add(hers);
	return { ...call, hers };
}

async function newRecorder(maya: Insider) {
	const signing = await generateSigningKey();
	const { session } = maya.room.options;
	const store = new PackageStore({ signing, session, clock: Date.now });
	const seat = newId();
	const packages = (await store.make(4)).map(toBase64url);
	await maya.socket.request({ type: 'packages', seat, packages, replace: false });
	const host = maya.identity.signing;
	const key = signing.publicKey;
	maya.memory.recorders = [await certifyRecorder({ host, session, key, kind: 'device' })];
	await clinician.admit(maya, key, 'Recorder', 'recorder');
	return { seat, store };
}

type Call = Awaited<ReturnType<typeof callOfTwo>>;

/** An epoch with the recorder on the strength of `evidence`, made by a host who asks nobody. */
async function forceRecorder(call: Call, evidence: Partial<Evidence>): Promise<number> {
	const { maya, dana, recorder } = call;
	const seats = [dana.seat, recorder.seat];
	const packages = await maya.take(seats);
	const context = await maya.context({ evidence });
	return maya.forge({ context, packages, seats });
}

/** What Dana's client makes of it; that it sealed nothing with these keys, and never held them. */
async function verdict(call: Call, receipts: readonly SignedReceipt[], more = {}): Promise<string> {
	const { dana } = call;
	const before = dana.epoch;
	const generation = await forceRecorder(call, { receipts, ...more });
	await until('she looked at it', () => dana.room.newest >= generation);
	await until('she decided', () => dana.refusals.length > 0 || dana.used.includes(generation));
	const [refusal] = dana.refusals;
	if (refusal === undefined) return 'accepted';
	expect(dana.used).not.toContain(generation);
	expect(dana.held.map(({ epoch }) => epoch.generation)).not.toContain(generation);
	expect(dana.epoch).toBe(before);
	return refusal;
}

test('with the receipts of all, the recorder is in, and everybody seals for it', async () => {
	const call = await agreed();
	expect(await verdict(call, [call.own, call.hers])).toBe('accepted');
	expect(call.dana.epoch.roster.map(({ role }) => role)).toEqual([
		'host',
		'participant',
		'recorder',
	]);
});

test('an honest room does not even make such an epoch', async () => {
	const { maya, recorder } = await callOfTwo(false);
	await expect(maya.room.change(() => ({ add: [recorder.seat] }))).rejects.toMatchObject({
		reason: 'receipt-missing',
	});
	expect(maya.epoch.hasRecorder).toBe(false);
});

test("a recorder without Dana's receipt gets no frame of hers", async () => {
	const call = await callOfTwo(false);
	expect(await verdict(call, [call.own])).toBe('receipt-missing');
});

test('an honest recorder does not take part where somebody did not agree', async () => {
	const { maya, dana, recorder, own } = await callOfTwo(false);
	const packages = await maya.take([dana.seat, recorder.seat]);
	const context = await maya.context({ evidence: { receipts: [own] } });
	const { session, hostKey } = maya.room.options;
	const leaf = { signing: maya.identity.signing, session };
	const welcome = await forgeWelcome({ leaf, packages, context });
	const { generation } = context;
	const { store } = recorder;
	const joining = joinEpoch({ store, session, hostKey, previous: undefined, generation, welcome });
	await expect(joining).rejects.toMatchObject({ reason: 'receipt-missing' });
});

test('a consent that was given once cannot be left out again', async () => {
	const call = await agreed();
	expect(await verdict(call, [call.own])).toBe('evidence-shrunk');
});

test("a recorder without the host's own receipt gets no frame", async () => {
	const call = await agreed();
	expect(await verdict(call, [call.hers])).toBe('receipt-missing');
});

test('a consent that is older than the withdrawal', async () => {
	const call = await agreed();
	// She withdrew, and nobody but her own client knows of it yet.
	await call.dana.memory.receipts.add(await call.dana.say('withdrawal'));
	expect(await verdict(call, [call.own, call.hers])).toBe('receipt-withdrawn');
});

test('a consent to another notice', async () => {
	const call = await agreed();
	const other = await clinician.notice(call.session.id, 'Research');
	expect(await verdict(call, [call.own, call.hers], { notice: other })).toBe(
		'receipt-other-notice',
	);
});

test('a receipt that names a notice which is not the one in force', async () => {
	const call = await agreed();
	const other = await noticeDigest(await clinician.notice(call.session.id, 'Research'));
	const foreign = await call.dana.say('consent', { notice: other, n: 9 });
	expect(await verdict(call, [call.own, foreign])).toBe('receipt-other-notice');
});

test('a receipt that is replayed from another session', async () => {
	const call = await agreed();
	const replayed = await call.dana.say('consent', { session: newId(), n: 9 });
	expect(await verdict(call, [call.own, replayed])).toBe('receipt-other-session');
});

test('a recorder that is admitted as a person stands in the list as one', async () => {
	const call = await agreed();
	const { maya, dana, recorder } = call;
	maya.memory.admissions = maya.memory.admissions.slice(0, -1);
	await clinician.admit(maya, recorder.store.signing.publicKey, 'Nobody', 'participant');
	expect(await verdict(call, [call.own, call.hers])).toBe('accepted');
	expect(dana.names).toEqual(['Dr. Maya Okafor', 'Dana', 'Nobody']);
});
