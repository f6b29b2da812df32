import { type Bytes, fromBase64url, toHex } from '#crypto/bytes.ts';
import { type Capture, verifyCapture } from '#crypto/consent/capture.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type VerifiedEvidence, verifyEvidence } from '#crypto/group/evidence.ts';
import { type MemberList, signingKeysOf } from '#crypto/members/members.ts';
import { type Manifest, ancestorsOf, openManifest } from '#lib/record/manifest.ts';
import type { Recording } from '#protocol/recordings.ts';
import { demandHost } from './handed.ts';
import type { TrackKeys } from './keys.ts';

/** Gives the bytes of one object from its start. */
export type ObjectSource = (object: {
	track: string;
	part: number;
	bytes: number;
}) => AsyncIterable<Uint8Array>;

/** What a recording says about itself, after everything in it was checked. */
export interface Vouched {
	readonly manifest: Manifest;
	readonly evidence: VerifiedEvidence;
	/** What its host signed before she captured a tab; undefined for a call. */
	readonly capture: Capture | undefined;
}

type Stored = Pick<
	Recording,
	'id' | 'source' | 'session' | 'host' | 'madeBy' | 'handover' | 'state' | 'objects'
>;

/**
 * The newest whole manifest of a recording, believed only when its signer is a recorder that the host certified for this
 * session or this captured tab, or a member of the practice who recovered it, and every statement in it is signed by who it must be. The host's
 * key is that of the member list, and where somebody else hosts it now, an administrator signed that. Throws `not-a-recipient` without the manifest's key; `truncated` when there is no whole one, or when a finished recording has
 * only an interim one; `bad-signature` when somebody else made it; `EpochRefused` for false evidence.
 */
export async function readManifest(options: {
	recording: Stored;
	keys: TrackKeys;
	members: MemberList;
	source: ObjectSource;
}): Promise<Vouched> {
	const { recording, keys, members, source } = options;
	const { id, source: origin, madeBy, state } = recording;
	const key = keys.get(id);
	if (!key) throw new CryptoError('not-a-recipient');
	const parts = recording.objects
		.filter((object) => object.track === id)
		.toSorted((a, b) => b.part - a.part);
	for (const { track, part, bytes } of parts) {
		const object = { track, part, bytes };
		const manifest = await openManifest({ recording: id, part, key, source: source(object) });
		if (!manifest) continue;
		const root = manifest.derivedFrom?.root ?? id;
		const session = recording.session ?? root;
		if (manifest.recording !== id || manifest.session !== session)
			throw new CryptoError('bad-signature');
		// An older one in place of the newest would hide what became of the recording.
		if (state === 'finished' && manifest.verdict === 'live') throw new CryptoError('truncated');
		const hostKeys = signingKeysOf(members, madeBy);
		const known = [id, ...ancestorsOf(manifest)];
		await demandHost(recording, { members, known });
		const evidence = await evidenceOf({ evidence: manifest.evidence, session, hostKeys });
		const capture = origin === 'tab' ? await captureOf({ manifest, hostKeys }) : undefined;
		const vouched = { manifest, evidence, capture };
		demandSigner({ ...vouched, members });
		demandNames(vouched);
		return vouched;
	}
	throw new CryptoError('truncated');
}

function hex(key: string): string {
	return toHex(fromBase64url(key));
}

/** By the key that the host has, or had when it was recorded. */
async function evidenceOf(options: {
	evidence: Manifest['evidence'];
	session: string;
	hostKeys: readonly Bytes[];
}): Promise<VerifiedEvidence> {
	const { evidence, session, hostKeys } = options;
	let refusal: unknown = new CryptoError('bad-signature');
	for (const hostKey of hostKeys) {
		try {
			return await verifyEvidence({ evidence, session, hostKey });
		} catch (error) {
			refusal = error;
		}
	}
	throw refusal;
}

/** What the host signed before a tab was captured. Throws `bad-signature` when she did not, or not for this recording. */
async function captureOf(options: {
	manifest: Manifest;
	hostKeys: readonly Bytes[];
}): Promise<Capture> {
	const { manifest, hostKeys } = options;
	const { capture: signed, recorder, title, purpose } = manifest;
	// A shortened copy has the consent of what it was made from.
	const root = manifest.derivedFrom?.root ?? manifest.recording;
	let refusal: unknown = new CryptoError('bad-signature');
	for (const memberKey of signed ? hostKeys : []) {
		try {
			const capture = signed && (await verifyCapture({ signed, memberKey }));
			const same =
				capture?.recording === root &&
				toHex(capture.recorder) === hex(recorder) &&
				capture.title === title &&
				capture.purpose === purpose;
			if (same) return capture;
		} catch (error) {
			refusal = error;
		}
	}
	throw refusal;
}

function demandSigner(options: Vouched & { members: MemberList }): void {
	const { manifest, evidence, capture, members } = options;
	const { recorder, signer } = manifest;
	const isCertified = capture !== undefined || evidence.recorders.has(hex(recorder));
	const current = members.members.map(({ publicIdentity }) => publicIdentity);
	const isMember = [...current, ...(members.former ?? [])].some(
		({ ed25519 }) => toHex(ed25519) === hex(signer),
	);
	if (!isCertified || (signer !== recorder && !isMember)) throw new CryptoError('bad-signature');
}

/** Everybody in it is somebody whom the host let in, under that name and role; in a captured tab there is only the tab. */
function demandNames({ manifest, evidence, capture }: Vouched): void {
	for (const { key, name, role } of manifest.people) {
		if (capture && role === 'tab' && key === manifest.recorder) continue;
		const admission = evidence.admissions.get(hex(key));
		if (admission?.name !== name || admission.role !== role) throw new CryptoError('bad-signature');
	}
}
