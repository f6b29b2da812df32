import { expect, test } from 'vitest';
import { type Bytes, random, toBase64url, toHex } from '#crypto/bytes.ts';
import type { Receipt, VerifiedReceipt } from '#crypto/consent/consent.ts';
import { type VerifiedEvidence, noEvidence } from './evidence.ts';
import { type Claim, type View, check, rosterOf } from './policy.ts';
import type { Role } from './statements.ts';

const session = toBase64url(random(16));
const [host, ann, ben, bot, eve] = [random(32), random(32), random(32), random(32), random(32)];
const notice = random(32);
const previousHash = random(32);

function receipt(subject: Bytes, change: Partial<Receipt> = {}): VerifiedReceipt {
	const asked = { session, hostKey: host, recorder: 'device' as const, notice };
	const body = { ...asked, subject, n: 1, type: 'consent' as const, ...change };
	return { ...body, signed: { text: `${toHex(subject)} ${body.n} ${body.type}`, signature: '' } };
}

function admit(...people: readonly [Bytes, Role][]): VerifiedEvidence['admissions'] {
	return new Map(people.map(([key, role]) => [toHex(key), { session, key, name: 'N', role }]));
}

function receipts(...all: readonly VerifiedReceipt[]): VerifiedEvidence['receipts'] {
	return new Map(all.map((one) => [toHex(one.subject), one]));
}

const digest = random(32);
const evidence: VerifiedEvidence = {
	evidence: noEvidence,
	admissions: admit([host, 'host'], [ann, 'participant'], [ben, 'participant'], [bot, 'recorder']),
	removals: new Map(),
	receipts: receipts(receipt(host), receipt(ann), receipt(ben)),
	recorders: new Map([[toHex(bot), { session, hostKey: host, key: bot, kind: 'device' }]]),
	notice: {
		digest: notice,
		notice: {
			session,
			practice: '',
			host: '',
			hostKey: host,
			purpose: '',
			recorder: 'device',
			openers: '',
			keptUntil: null,
		},
	},
	digest,
};

function claim(
	keys: readonly Bytes[],
	change: { evidence?: Partial<VerifiedEvidence>; context?: Partial<Claim['context']> } = {},
): Claim {
	const place = { session, generation: 5, previous: previousHash, receipts: digest };
	return {
		context: { ...place, evidence: noEvidence, ...change.context },
		leaves: keys.map((key) => ({ key, session })),
		evidence: { ...evidence, ...change.evidence },
	};
}

function member(leaf: number, key: Bytes, role: Role) {
	return { leaf, key, name: 'N', role };
}

const view: View = {
	session,
	hostKey: host,
	generation: 5,
	after: 4,
	previous: {
		hash: previousHash,
		evidence,
		roster: [
			member(0, host, 'host'),
			member(1, ann, 'participant'),
			member(2, ben, 'participant'),
			member(3, bot, 'recorder'),
		],
	},
	receipts: [],
	removed: new Set(),
};

const fresh: View = { ...view, previous: undefined };
const removal = new Map([[toHex(ben), { session, key: ben }]]);

test('what is in order is taken', () => {
	expect(check(claim([host, ann, ben, bot]), view)).toBeUndefined();
	expect(check(claim([ann, ben, host, bot]), view)).toBeUndefined();
	// The host may leave out anybody, and anybody may leave out the recorder.
	expect(check(claim([host]), view)).toBeUndefined();
	expect(check(claim([ann, host, ben]), view)).toBeUndefined();
	// Somebody comes who has no epoch: whatever came before is right, and the first one is the host's.
	expect(check(claim([ann, host]), fresh)).toBeUndefined();
	const first = { context: { previous: new Uint8Array(32) } };
	expect(check(claim([host, ann], first), fresh)).toBeUndefined();
	// A participant brings back who was admitted, and leaves out who was removed.
	const without = { ...view, previous: view.previous && { ...view.previous } };
	expect(check(claim([ann, host], { evidence: { removals: removal } }), without)).toBeUndefined();
	expect(check(claim([ann, host]), { ...view, removed: new Set([toHex(ben)]) })).toBeUndefined();
});

test('each rule has its own word', () => {
	const refused = (made: Claim, by: View = view) => check(made, by);
	const other = toBase64url(random(16));
	expect(refused(claim([host], { context: { session: other } }))).toBe('other-session');
	const moved = { ...claim([host, ann]), leaves: [{ key: host, session: other }] };
	expect(refused(moved)).toBe('other-session');
	expect(refused(claim([host], { context: { generation: 6 } }))).toBe('wrong-generation');
	expect(refused(claim([host]), { ...view, after: 5 })).toBe('old-generation');
	expect(refused(claim([host]), { ...fresh, after: 5 })).toBe('old-generation');
	expect(refused(claim([host], { context: { previous: random(32) } }))).toBe('other-previous');
	expect(refused(claim([eve, host]))).toBe('stranger-creator');
	const zeros = { context: { previous: new Uint8Array(32) } };
	expect(refused(claim([ann, host], zeros), fresh)).toBe('no-previous');
	expect(refused(claim([]), fresh)).toBe('host-missing');
	expect(refused(claim([ann, ben]))).toBe('host-missing');
	expect(refused(claim([host, ann, ann]))).toBe('duplicate-identity');
	expect(refused(claim([ann, host, host]))).toBe('duplicate-identity');
	expect(refused(claim([host, eve]))).toBe('not-admitted');
	expect(refused(claim([host, ben], { evidence: { removals: removal } }))).toBe('removed');
	expect(refused(claim([host, ben]), { ...view, removed: new Set([toHex(ben)]) })).toBe('removed');
	expect(refused(claim([bot, host, ann, ben]))).toBe('recorder-creator');
	expect(refused(claim([ann, host]))).toBe('participant-dropped');
	const wrong = { evidence: { digest: random(32) } };
	expect(refused(claim([host, ann], wrong))).toBe('wrong-receipts-digest');
});

test('roles, numbers and knowledge do not change unseen', () => {
	const hidden = admit([ann, 'participant'], [ben, 'participant'], [bot, 'participant']);
	const made = claim([host, ann, ben, bot], { evidence: { admissions: hidden } });
	expect(check(made, view)).toBe('role-changed');
	const paused = view.previous && {
		...view.previous,
		roster: view.previous.roster.slice(0, 3),
	};
	const late = { ...view, previous: paused };
	expect(check(claim([ann, host, ben, bot]), late)).toBe('recorder-by-participant');
	expect(check(claim([host, ann, ben, bot]), late)).toBeUndefined();
	const crowd = Array.from({ length: 6 }, () => random(32));
	const all = admit(...crowd.map((key): [Bytes, Role] => [key, 'participant']));
	const many = claim([host, ...crowd], { evidence: { admissions: all } });
	expect(check(many, fresh)).toBe('too-many-people');
	expect(check({ ...many, leaves: many.leaves.slice(0, 6) }, fresh)).toBeUndefined();
	const two = admit([bot, 'recorder'], [eve, 'recorder']);
	const recorders = claim([host, bot, eve], { evidence: { admissions: two } });
	expect(check(recorders, fresh)).toBe('too-many-recorders');
	const knew = view.previous && {
		...view.previous,
		evidence: { ...evidence, removals: new Map([[toHex(eve), { session, key: eve }]]) },
	};
	expect(check(claim([host, ann]), { ...view, previous: knew })).toBe('evidence-shrunk');
	const fewer = { evidence: { receipts: receipts(receipt(host), receipt(ann)) } };
	expect(check(claim([host, ann], fewer), view)).toBe('evidence-shrunk');
});

test('a recorder stands on what everybody says, and on what is known besides', () => {
	const judged = (change: Partial<VerifiedEvidence>, known: readonly VerifiedReceipt[] = []) =>
		check(claim([host, ann, bot], { evidence: change }), { ...fresh, receipts: known });
	expect(judged({})).toBeUndefined();
	expect(judged({ recorders: new Map() })).toBe('recorder-uncertified');
	expect(judged({ notice: undefined })).toBe('notice-missing');
	const only = (...all: VerifiedReceipt[]) => judged({ receipts: receipts(...all) });
	expect(only(receipt(ann))).toBe('receipt-missing');
	expect(only(receipt(host))).toBe('receipt-missing');
	expect(only(receipt(host), receipt(ann, { type: 'withdrawal' }))).toBe('receipt-withdrawn');
	expect(only(receipt(host), receipt(ann, { notice: random(32) }))).toBe('receipt-other-notice');
	expect(only(receipt(host), receipt(ann, { recorder: 'station' }))).toBe('receipt-other-recorder');
	expect(only(receipt(host), receipt(ann, { hostKey: random(32) }))).toBe('receipt-other-host');
	const station = { session, hostKey: host, key: bot, kind: 'station' as const };
	const elsewhere = { recorder: 'station' as const };
	const stations = receipts(receipt(host, elsewhere), receipt(ann, elsewhere));
	// Everybody agreed to a station, on a notice that speaks of this device.
	const mixed = { recorders: new Map([[toHex(bot), station]]), receipts: stations };
	expect(judged(mixed)).toBe('receipt-other-recorder');
	const gone = receipt(ann, { n: 2, type: 'withdrawal' });
	expect(judged({}, [gone])).toBe('receipt-withdrawn');
	expect(judged({}, [receipt(ann, { n: 2 })])).toBe('receipt-stale');
	// Who is not there has no say, and what is older is known to be older.
	expect(judged({}, [receipt(ben, { n: 2, type: 'withdrawal' })])).toBeUndefined();
	const newer = receipts(receipt(host), receipt(ann, { n: 3 }));
	expect(judged({ receipts: newer }, [gone])).toBeUndefined();
	// Without the recorder nobody has to have said anything.
	const quiet = { evidence: { receipts: receipts(), recorders: new Map(), notice: undefined } };
	expect(check(claim([host, ann], quiet), { ...fresh, receipts: [gone] })).toBeUndefined();
});

test('names and roles are those of the admission; the host is whose key it is', () => {
	const roster = rosterOf(claim([host, bot, ann]), host);
	expect(roster.map(({ leaf, role, name }) => [leaf, role, name])).toEqual([
		[0, 'host', 'N'],
		[1, 'recorder', 'N'],
		[2, 'participant', 'N'],
	]);
});
