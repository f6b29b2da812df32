import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bytes, concat, random, toBase64url } from '#crypto/bytes.ts';
import { signCapture } from '#crypto/consent/capture.ts';
import { signNotice } from '#crypto/consent/consent.ts';
import { makeGrant } from '#crypto/grant/grant.ts';
import { createStaffIdentity } from '#crypto/identity/identity.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { createTrackKey, importTrackKey } from '#crypto/track/key.ts';
import { type Manifest, sealManifest } from '#lib/record/manifest.ts';
import { consentsOf, rostersOf } from '#lib/recordings/consent.ts';
import { openTrackKeys } from '#lib/recordings/keys.ts';
import { readManifest } from '#lib/recordings/manifest.ts';
import { outlineOf } from '#lib/recordings/outline.ts';
import { type RecordedWish, makeEvidence, manifestOf } from '../recorded.ts';

const newId = () => toBase64url(random(16));
const film = new Uint8Array();
const people = [
	{ name: 'Dr. Maya Okafor', film, startMs: 0, durationMs: 40_000 },
	{ name: 'Dana Whitfield', film, startMs: 2_000, durationMs: 38_000 },
] as const;

/** A recording as the server has it, and everybody's keys. */
async function recorded(wish: Pick<RecordedWish, 'withdrew' | 'silent' | 'company'> = {}) {
	const { identity } = await createStaffIdentity();
	const host = identity.signing;
	const [recorder, dana] = await Promise.all([generateSigningKey(), generateSigningKey()]);
	const keys = new Map([
		['Dr. Maya Okafor', host],
		['Dana Whitfield', dana],
	]);
	const [id, session, member] = [newId(), newId(), newId()];
	const notice = await signNotice({
		host,
		notice: {
			session,
			practice: 'Alder Street Counseling',
			host: 'Dr. Maya Okafor',
			purpose: 'Supervision',
			recorder: 'device',
			openers: 'the host',
			keptUntil: null,
		},
	});
	const about = { host, wish, session: { id: session, notice }, keys, recorder };
	const { evidence, digest } = await makeEvidence(about);
	const context = {
		session,
		generation: 2,
		receipts: digest,
		recorder: recorder.publicKey,
		codec: 'vp8+opus',
		zeroMs: 1_700_000_000_000,
		previous: null,
	};
	const manifest = manifestOf({
		wish: { ...wish, people: [...people] },
		recording: id,
		context,
		keys,
		signer: recorder,
		practice: 'Alder Street Counseling',
		tracks: [],
		evidence,
	});
	const key = await importTrackKey(createTrackKey());
	const practice = newId();
	const publicIdentity = identity.publicIdentity;
	const members = {
		practice,
		version: 1,
		members: [{ id: member, role: 'admin' as const, publicIdentity }],
	};
	return { id, session, member, members, identity, recorder, dana, manifest, key };
}

type World = Awaited<ReturnType<typeof recorded>>;

async function seal(
	{ key, recorder }: World,
	manifest: Manifest,
	options: { part?: number; signing?: World['recorder'] } = {},
) {
	const { part = 0, signing = recorder } = options;
	const signer = toBase64url(signing.publicKey);
	return concat(...(await sealManifest({ manifest: { ...manifest, signer }, key, signing, part })));
}

function read(world: World, parts: Bytes[], state: 'live' | 'finished' = 'finished') {
	const { id, session, member: host, members, key } = world;
	const objects = parts.map((bytes, part) => ({
		track: id,
		part,
		chunks: 1,
		bytes: bytes.length,
		sizes: [],
	}));
	return readManifest({
		recording: { id, source: 'call', session, host, madeBy: host, handover: null, state, objects },
		keys: new Map([[id, key]]),
		members,
		source: async function* ({ part }) {
			yield parts[part] ?? film;
		},
	});
}

test('a manifest by the certified recorder is believed, with what people said and who held the key', async () => {
	const world = await recorded();
	const vouched = await read(world, [await seal(world, world.manifest)]);
	expect(consentsOf(vouched).map(({ name, said }) => [name, said])).toEqual([
		['Dr. Maya Okafor', 'agreed'],
		['Dana Whitfield', 'agreed'],
	]);
	expect(rostersOf(vouched)).toMatchObject([
		{ names: ['Dr. Maya Okafor', 'Dana Whitfield'], hasRecorder: true, strangers: 0 },
	]);
});

test('a withdrawal and a missing receipt are told apart', async () => {
	const withdrawn = await recorded({ withdrew: ['Dana Whitfield'] });
	const first = await read(withdrawn, [await seal(withdrawn, withdrawn.manifest)]);
	expect(consentsOf(first)[1]?.said).toBe('withdrew');
	const silent = await recorded({ silent: ['Dana Whitfield'] });
	const second = await read(silent, [await seal(silent, silent.manifest)]);
	expect(consentsOf(second)[1]?.said).toBe('missing');
});

test('whom somebody agreed for besides herself is told as she signed it', async () => {
	const company = { 'Dana Whitfield': { together: true, guardianOf: 'Mia Whitfield' } } as const;
	const world = await recorded({ company });
	const vouched = await read(world, [await seal(world, world.manifest)]);
	expect(consentsOf(vouched)).toMatchObject([
		{ name: 'Dr. Maya Okafor', said: 'agreed', together: false, guardianOf: undefined },
		{ name: 'Dana Whitfield', said: 'agreed', together: true, guardianOf: 'Mia Whitfield' },
	]);
});

test('a consent to another notice is no consent', async () => {
	const [world, other] = [await recorded(), await recorded()];
	const notice = await signNotice({
		host: world.identity.signing,
		notice: {
			session: world.session,
			practice: 'Alder Street Counseling',
			host: 'Dr. Maya Okafor',
			purpose: 'Something else',
			recorder: 'device',
			openers: 'everybody',
			keptUntil: null,
		},
	});
	const evidence = { ...world.manifest.evidence, notice };
	const vouched = await read(world, [await seal(world, { ...world.manifest, evidence })]);
	expect(consentsOf(vouched).map(({ said }) => said)).toEqual(['missing', 'missing']);
	// And somebody else's evidence is refused whole.
	const foreign = { ...world.manifest, evidence: other.manifest.evidence };
	await expect(read(world, [await seal(world, foreign)])).rejects.toMatchObject({
		code: 'epoch-refused',
	});
});

test('who recovered it may sign it, when she is a member; nobody else may', async () => {
	const world = await recorded();
	const byMember = await seal(world, world.manifest, { signing: world.identity.signing });
	await expect(read(world, [byMember])).resolves.toBeDefined();
	for (const signing of [world.dana, await generateSigningKey()]) {
		const forged = await seal(world, world.manifest, { signing });
		await expect(read(world, [forged])).rejects.toMatchObject({ code: 'bad-signature' });
	}
});

test('a recorder that the host did not certify, another name and another session are refused', async () => {
	const world = await recorded();
	const stranger = await generateSigningKey();
	const [maya, dana] = world.manifest.people;
	if (!maya || !dana) throw new Error('two people');
	const forgeries: Partial<Manifest>[] = [
		{ recorder: toBase64url(stranger.publicKey) },
		{ people: [maya, { ...dana, name: 'Somebody else' }] },
		{ people: [maya, { ...dana, role: 'host' }] },
		{ session: newId() },
		{ recording: newId() },
	];
	for (const forgery of forgeries) {
		const changed = { ...world.manifest, ...forgery };
		const signing = forgery.recorder ? stranger : world.recorder;
		const sealed = await seal(world, changed, { signing });
		await expect(read(world, [sealed])).rejects.toMatchObject({
			code: expect.stringMatching(/^(bad-signature|open-failed)$/),
		});
	}
});

test('of several the newest whole one counts; a torn one is passed over', async () => {
	const world = await recorded();
	const first = await seal(world, { ...world.manifest, title: 'first', verdict: 'live' });
	const second = await seal(world, { ...world.manifest, title: 'second' }, { part: 1 });
	expect((await read(world, [first, second])).manifest.title).toBe('second');
	const torn = second.slice(0, -100);
	expect((await read(world, [first, torn], 'live')).manifest.title).toBe('first');
	await expect(read(world, [torn], 'live')).rejects.toMatchObject({ code: 'open-failed' });
});

test('an interim manifest in place of the last is not taken for a finished recording', async () => {
	const world = await recorded();
	const interim = await seal(world, { ...world.manifest, verdict: 'live' });
	await expect(read(world, [interim], 'live')).resolves.toBeDefined();
	await expect(read(world, [interim])).rejects.toMatchObject({ code: 'truncated' });
	await expect(read(world, [])).rejects.toMatchObject({ code: 'truncated' });
});

test('keys come from grants of members, late ones too, and from nobody else', async () => {
	const { identity } = await createStaffIdentity();
	const [recording, me, practice, early, late] = Array.from({ length: 5 }, newId);
	if (!recording || !me || !practice || !early || !late) throw new Error('five ids');
	const { publicIdentity, signing } = identity;
	const recipient = { id: me, publicIdentity };
	const wrap = (track: string, signer = signing) =>
		makeGrant({
			recording,
			recipient,
			expiresAt: null,
			grantor: { id: me, signing: signer },
			keys: [{ track, key: createTrackKey() }],
		});
	const members = {
		practice,
		version: 1,
		members: [{ id: me, role: 'admin' as const, publicIdentity }],
	};
	const opener = { identities: new Map([[me, [identity]]]), members };
	const grants = [await wrap(early), await wrap(late)];
	const keys = await openTrackKeys({ recording, grants, opener });
	expect([...keys.keys()]).toEqual([early, late]);
	for (const key of keys.values()) expect(key.extractable).toBe(false);
	const forged = [await wrap(early, await generateSigningKey())];
	await expect(openTrackKeys({ recording, grants: forged, opener })).rejects.toMatchObject({
		code: 'bad-signature',
	});
	const nobody = { ...opener, identities: new Map() };
	await expect(openTrackKeys({ recording, grants, opener: nobody })).rejects.toMatchObject({
		code: 'not-a-recipient',
	});
});

test('the outline says where it ended and what is missing', async () => {
	const { manifest } = await recorded();
	const tracks = [0, 1].map((person) => ({
		id: newId(),
		person,
		kind: 'final' as const,
		codecs: ['vp8', 'opus'],
		parts: [],
		start: person * 2_000,
		duration: 40_000 - person * 2_000,
	}));
	const whole = { ...manifest, tracks };
	expect(outlineOf(whole)).toMatchObject({ durationMs: 40_000, ending: { is: 'complete' } });
	const early = { ...whole, verdict: 'ends-early' as const };
	// Heard of for the last time within its last second.
	expect(outlineOf(early).ending).toEqual({ is: 'ends-early', atMs: 40_000, missingMs: 1_000 });
	const stopped = { from: 39_000, to: 40_700, person: null, why: 'stopped' as const };
	expect(outlineOf({ ...early, missing: [stopped] }).ending).toMatchObject({
		atMs: 39_000,
		missingMs: 1_700,
	});
});

test('gaps are in order, inside of the recording and never of one person alone', async () => {
	const { manifest } = await recorded();
	const tracks = [
		{
			id: newId(),
			person: 0,
			kind: 'final' as const,
			codecs: [],
			parts: [],
			start: 0,
			duration: 40_000,
		},
	];
	const time = fc.integer({ min: 0, max: 60_000 });
	const span = fc.record({ from: time, to: fc.option(time) });
	fc.assert(
		fc.property(fc.array(span), fc.array(span), (paused, missing) => {
			const { gaps } = outlineOf({
				...manifest,
				tracks,
				spans: paused.map((one) => ({ ...one, state: 'paused' as const })),
				missing: [
					...missing.map((one) => ({ ...one, person: null, why: 'lost' as const })),
					{ from: 0, to: null, person: 1, why: 'codec' },
				],
			});
			expect(gaps.map(({ from }) => from)).toEqual(
				gaps.map(({ from }) => from).toSorted((a, b) => a - b),
			);
			for (const { from, to } of gaps) {
				expect(from).toBeLessThan(to);
				expect(to).toBeLessThanOrEqual(40_000);
			}
			const [first] = [...paused, ...missing];
			expect(gaps.length > 0 || !first || first.from >= Math.min(first.to ?? 40_000, 40_000)).toBe(
				true,
			);
		}),
	);
});

test('a captured tab is believed with the statement of its host, and with no other', async () => {
	const world = await recorded();
	const { id, member, members, identity, recorder, dana, key } = world;
	const statement = {
		recording: id,
		practice: members.practice,
		member,
		recorder: recorder.publicKey,
		title: 'Case conference',
		purpose: 'Supervision',
		consent: 'Everybody in it has agreed',
		at: 1_700_000_000_000,
	};
	const manifest = async (signing = identity.signing, change: Partial<typeof statement> = {}) => ({
		...world.manifest,
		session: id,
		title: statement.title,
		purpose: statement.purpose,
		people: [
			{ id: 0, name: 'Case conference', role: 'tab' as const, key: world.manifest.recorder },
		],
		rosters: [],
		evidence: { admissions: [], removals: [], receipts: [], recorders: [], notice: null },
		capture: await signCapture({ member: signing, capture: { ...statement, ...change } }),
	});
	const readTab = async (what: Manifest) => {
		const bytes = await seal(world, what);
		const objects = [{ track: id, part: 0, chunks: 1, bytes: bytes.length, sizes: [] }];
		return readManifest({
			recording: {
				id,
				source: 'tab',
				session: null,
				host: member,
				madeBy: member,
				handover: null,
				state: 'finished',
				objects,
			},
			keys: new Map([[id, key]]),
			members,
			source: async function* () {
				yield bytes;
			},
		});
	};
	const { capture } = await readTab(await manifest());
	expect(capture).toMatchObject({ consent: 'Everybody in it has agreed', member });
	const other = (await generateSigningKey()).publicKey;
	const { capture: _, ...without } = await manifest();
	const untrue = [
		without,
		await manifest(dana),
		await manifest(identity.signing, { recording: newId() }),
		await manifest(identity.signing, { recorder: other }),
		await manifest(identity.signing, { purpose: 'Something else' }),
		{
			...(await manifest()),
			people: [{ id: 0, name: 'Dana', role: 'host' as const, key: toBase64url(dana.publicKey) }],
		},
	];
	for (const what of untrue) await expect(readTab(what)).rejects.toThrow('bad-signature');
});
