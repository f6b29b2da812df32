import { sealUnderAccountKey } from '#crypto/account/key.ts';
import { type Bytes, concat, fromBase64url, random, toBase64url, utf8 } from '#crypto/bytes.ts';
import {
	type Part2,
	type SignedNotice,
	noticeDigest,
	receiptsDigest,
	signNotice,
	signReceipt,
	verifyReceipt,
} from '#crypto/consent/consent.ts';
import { certifyRecorder, signAdmission } from '#crypto/group/statements.ts';
import { decodePublicIdentity } from '#crypto/identity/identity.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import { contextHash } from '#crypto/track/digest.ts';
import { finalPayloadBytes } from '#crypto/track/layout.ts';
import { PartWriter } from '#crypto/track/writer.ts';
import { type Manifest, sealManifest } from '#lib/record/manifest.ts';
import { type PersonTracks, makeTracks } from '#lib/record/tracks.ts';
import type { Device } from './device.ts';

/** Somebody who was recorded. */
export interface Filmed {
	readonly name: string;
	/** A whole WebM, cues in front. */
	readonly film: Uint8Array;
	/** Milliseconds of the recording. */
	readonly startMs: number;
	readonly durationMs: number;
}

export interface RecordedWish {
	/** The host first. */
	readonly people: readonly [Filmed, ...Filmed[]];
	readonly purpose?: string;
	readonly spans?: Manifest['spans'];
	readonly missing?: Manifest['missing'];
	readonly verdict?: Manifest['verdict'];
	/** Names of those who took their consent back. */
	readonly withdrew?: readonly string[];
	/** Names of those whose receipt is left out. */
	readonly silent?: readonly string[];
	/** Whom somebody spoke for besides herself, and how she signed, by her name. */
	readonly company?: Readonly<
		Record<string, { together?: true; guardianOf?: string; signedAs?: string; at?: number }>
	>;
	/** Changes the sealed bytes of a person's film before they are stored. */
	readonly forge?: (name: string, sealed: Bytes) => void;
	/** 42 CFR Part 2 holds, and the notice says so. */
	readonly part2?: Part2;
	/** Signs the manifest in the recorder's place. */
	readonly signer?: SigningKey;
}

export interface Recorded {
	readonly id: string;
	readonly session: string;
	/** Place of each guest, by name. */
	readonly places: ReadonlyMap<string, string>;
	/** Identity of each person, by name. */
	readonly keys: ReadonlyMap<string, SigningKey>;
	/** Final track of each person, by name. */
	readonly tracks: ReadonlyMap<string, string>;
}

const newId = () => toBase64url(random(16));
/** As the recorder does: runs of whole segments of at most 1 MiB. */
const segmentsPerChunk = 15;

async function makeSession(device: Device, wish: RecordedWish) {
	const { accountKey, identity, signedIn } = device;
	const id = newId();
	const places = wish.people.slice(1).map(({ name }) => ({ name, id: newId() }));
	const sealText = async (context: string, value: object) =>
		toBase64url(await sealUnderAccountKey(accountKey, context, utf8(JSON.stringify(value))));
	const notice = await signNotice({
		host: identity.signing,
		notice: {
			session: id,
			practice: signedIn.practice.name,
			host: signedIn.member.name,
			purpose: wish.purpose ?? 'Supervision of the clinician',
			recorder: 'device',
			openers: 'the host',
			keptUntil: null,
			part2: wish.part2,
		},
	});
	await device.send('POST', '/api/sessions', {
		id,
		startsAt: Date.now(),
		minutes: 50,
		sealed: await sealText(`session ${id}`, { v: 1 }),
		notice,
		places: await Promise.all(
			places.map(async (place) => ({
				id: place.id,
				sealed: await sealText(`place ${id} ${place.id}`, {
					v: 1,
					name: place.name,
					secret: toBase64url(random(16)),
				}),
			})),
		),
	});
	return { id, notice, places: new Map(places.map((place) => [place.name, place.id])) };
}

/** Everything that the host, the guests and the recorder signed in a session. */
export async function makeEvidence(options: {
	host: SigningKey;
	wish: Pick<RecordedWish, 'withdrew' | 'silent' | 'company'>;
	session: { id: string; notice: SignedNotice };
	keys: ReadonlyMap<string, SigningKey>;
	recorder: SigningKey;
}) {
	const { host, wish, keys, recorder } = options;
	const session = options.session.id;
	const notice = await noticeDigest(options.session.notice);
	const people = Array.from(keys, ([name, key]) => ({ name, key }));
	const about = { session, hostKey: host.publicKey, recorder: 'device', notice } as const;
	const receipts = await Promise.all(
		people
			.filter(({ name }) => !wish.silent?.includes(name))
			.map(({ name, key }) => {
				const withdrew = wish.withdrew?.includes(name) ?? false;
				const type = withdrew ? 'withdrawal' : 'consent';
				const n = withdrew ? 2 : 1;
				return signReceipt({
					subject: key,
					receipt: { ...about, ...wish.company?.[name], n, type },
				});
			}),
	);
	const admit = (name: string, key: Bytes, role: 'host' | 'participant' | 'recorder') =>
		signAdmission({ host, session, key, name, role });
	const evidence = {
		admissions: await Promise.all([
			...people.map(({ name, key }) =>
				admit(name, key.publicKey, key === host ? 'host' : 'participant'),
			),
			admit('Recorder', recorder.publicKey, 'recorder'),
		]),
		removals: [],
		receipts,
		recorders: [await certifyRecorder({ host, session, key: recorder.publicKey, kind: 'device' })],
		notice: options.session.notice,
	};
	return { evidence, digest: await receiptsDigest(await Promise.all(receipts.map(verifyReceipt))) };
}

/** Seals a film as a final object and stores it; gives how the manifest tells of it. */
async function storeFilm(options: {
	device: Device;
	recording: string;
	filmed: Filmed;
	tracks: PersonTracks;
	context: Parameters<typeof contextHash>[0];
	forge: RecordedWish['forge'];
}): Promise<{ track: Manifest['tracks'][number]; chunks: number }> {
	const { device, recording, filmed, tracks, context, forge } = options;
	const writer = await PartWriter.create({
		key: tracks.key,
		recording: fromBase64url(recording),
		track: fromBase64url(tracks.final),
		part: 0,
		quantumLog2: 0,
		segmentPayloadBytes: finalPayloadBytes,
		contextHash: await contextHash(context),
	});
	const segments = [writer.headerBytes];
	for (let at = 0; at < filmed.film.length; at += finalPayloadBytes)
		segments.push(await writer.media(filmed.film.subarray(at, at + finalPayloadBytes)));
	// As the recorder states it: before the end.
	const stated = writer.progress;
	segments.push(await writer.end({ durationUs: filmed.durationMs * 1000 }));
	const { partBytes } = writer.progress;
	const sealed = concat(...segments);
	forge?.(filmed.name, sealed);
	let [chunk, at] = [0, 0];
	const token = await device.token();
	while (at < sealed.length) {
		const length = segments
			.splice(0, segmentsPerChunk)
			.reduce((sum, segment) => sum + segment.length, 0);
		const path = `/api/recordings/${recording}/objects/${tracks.final}/0/${chunk}`;
		await device.send('PUT', path, sealed.slice(at, at + length), token);
		at += length;
		chunk++;
	}
	const part = {
		part: 0,
		context: {
			...context,
			receipts: context.receipts && toBase64url(context.receipts),
			recorder: toBase64url(context.recorder),
			previous: null,
		},
		segments: stated.segments,
		bytes: partBytes,
		digest: toBase64url(stated.digest),
		ended: true,
	};
	const track = {
		id: tracks.final,
		person: tracks.person,
		kind: 'final' as const,
		codecs: ['vp8', 'opus'],
		start: filmed.startMs,
		duration: filmed.durationMs,
		parts: [part],
	};
	return { track, chunks: chunk };
}

/** What the recorder says of a finished recording. */
export function manifestOf(options: {
	wish: RecordedWish;
	recording: string;
	context: Parameters<typeof contextHash>[0];
	keys: ReadonlyMap<string, SigningKey>;
	signer: SigningKey;
	practice: string;
	tracks: Manifest['tracks'];
	evidence: Manifest['evidence'];
}): Manifest {
	const { wish, recording, context, keys, signer, practice, tracks, evidence } = options;
	const { session, recorder, zeroMs: startedAt, generation, receipts } = context;
	const people = Array.from(keys, ([name, key], person) => ({
		id: person,
		name,
		role: person === 0 ? ('host' as const) : ('participant' as const),
		key: toBase64url(key.publicKey),
	}));
	const members = [...people.map(({ key }) => key), toBase64url(recorder)];
	const endMs = Math.max(...wish.people.map((one) => one.startMs + one.durationMs));
	return {
		v: 1,
		recording,
		session,
		title: '',
		practice,
		purpose: wish.purpose ?? 'Supervision of the clinician',
		keptUntil: null,
		startedAt,
		endedAt: startedAt + endMs,
		recorder: toBase64url(recorder),
		signer: toBase64url(signer.publicKey),
		people,
		tracks,
		spans: [...(wish.spans ?? [{ from: 0, to: endMs, state: 'on' }])],
		rosters: [{ generation, at: 0, members }],
		evidence,
		receipts: toBase64url(receipts ?? new Uint8Array(32)),
		missing: [...(wish.missing ?? [])],
		verdict: wish.verdict ?? 'complete',
	};
}

/** A finished recording as a recorder leaves it: wrapped keys, sealed films, signed manifest, all through the server's API. */
export async function storeRecording(device: Device, wish: RecordedWish): Promise<Recorded> {
	const { identity, signedIn } = device;
	const { member, practice } = signedIn;
	const session = await makeSession(device, wish);
	const recorder = await generateSigningKey();
	const keys = new Map<string, SigningKey>();
	for (const [at, { name }] of wish.people.entries())
		keys.set(name, at === 0 ? identity.signing : await generateSigningKey());
	const host = identity.signing;
	const { evidence, digest } = await makeEvidence({ host, wish, session, keys, recorder });
	const id = newId();
	const granting = {
		grantor: { id: member.id, signing: identity.signing },
		recipients: [
			{ id: member.id, publicIdentity: identity.publicIdentity },
			{ id: practice.id, publicIdentity: decodePublicIdentity(practice.records) },
		],
	};
	const people = wish.people.map((_, at) => at);
	const made = await makeTracks({ recording: id, people, manifest: true, granting });
	if (!made.manifest) throw new Error('no key for the manifest');
	await device.send('POST', '/api/recordings', {
		id,
		session: session.id,
		recorderKey: toBase64url(recorder.publicKey),
		tracks: made.tracks,
		grants: made.grants,
	});
	const startedAt = Date.now();
	const context = {
		session: session.id,
		generation: 2,
		receipts: digest,
		recorder: recorder.publicKey,
		codec: 'vp8+opus',
		zeroMs: startedAt,
		previous: null,
	};
	const films = [];
	for (const [at, filmed] of wish.people.entries()) {
		const tracks = made.people[at];
		if (!tracks) throw new Error('no track');
		const { forge } = wish;
		films.push(await storeFilm({ device, recording: id, filmed, tracks, context, forge }));
	}
	const signing = wish.signer ?? recorder;
	const about = { wish, recording: id, context, keys, signer: signing, evidence };
	const finals = films.map(({ track }) => track);
	const manifest = manifestOf({ ...about, practice: practice.name, tracks: finals });
	const sealed = await sealManifest({ manifest, key: made.manifest, signing, part: 0 });
	for (const [chunk, bytes] of sealed.entries())
		await device.send('PUT', `/api/recordings/${id}/objects/${id}/0/${chunk}`, bytes);
	const keep = films.map(({ track, chunks }) => {
		const { part, bytes } = track.parts[0] ?? { part: 0, bytes: 0 };
		return { track: track.id, part, chunks, bytes };
	});
	const remove = made.people.flatMap(({ audio, video }) => [audio, video]);
	await device.send('POST', `/api/recordings/${id}/finish`, { recovered: false, keep, remove });
	const names = wish.people.map(({ name }) => name);
	const tracks = new Map(made.people.map(({ final }, at) => [names[at] ?? '', final]));
	return { id, session: session.id, places: session.places, keys, tracks };
}
