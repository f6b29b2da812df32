import type * as v from 'valibot';
import {
	openAnnotation,
	sealAnnotation,
	type OpenedAnnotation,
} from '#crypto/annotation/annotation.ts';
import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import type { Json } from '#crypto/canonical.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type MemberList, signingKeysOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { type Annotation, type AnnotationKind, ShownAnnotation } from '#protocol/annotations.ts';
import type { TrackKeys } from './keys.ts';

/** Words beside a recording, and where they stand. */
interface Place<S> {
	readonly recording: string;
	readonly kind: AnnotationKind;
	/** Keys of the recording: that of its manifest opens every annotation. */
	readonly keys: TrackKeys;
	readonly schema: S;
}

const pathOf = ({ recording, kind }: { recording: string; kind: AnnotationKind }): string =>
	`/api/recordings/${recording}/annotations/${kind}`;

function manifestKey({ recording, keys }: { recording: string; keys: TrackKeys }): CryptoKey {
	const key = keys.get(recording);
	if (!key) throw new CryptoError('no-key');
	return key;
}

/**
 * Opens an annotation that the server showed. Throws as `openAnnotation`, `no-key`; `stale` where the server says
 * another version than its author signed: older words in the place of newer ones.
 */
export async function openShown<S extends v.GenericSchema>(
	place: Place<S> & { shown: v.InferOutput<typeof Annotation>; members: MemberList },
): Promise<OpenedAnnotation<v.InferOutput<S>>> {
	const { recording, kind, schema, shown, members } = place;
	const opened = await openAnnotation({
		key: manifestKey(place),
		recording,
		kind,
		sealed: fromBase64url(shown.sealed),
		keysOf: (author) => signingKeysOf(members, author),
		schema,
	});
	if (opened.version !== shown.version) throw new CryptoError('stale');
	return opened;
}

/** The newest annotation of a kind; `undefined` when nobody wrote one. Throws as `openShown` and `ApiError`. */
export async function readAnnotation<S extends v.GenericSchema>(
	place: Place<S>,
): Promise<OpenedAnnotation<v.InferOutput<S>> | undefined> {
	const { annotation } = await fetchJson(ShownAnnotation, { path: pathOf(place) });
	return annotation
		? openShown({ ...place, shown: annotation, members: account.members })
		: undefined;
}

/** Writes the version after `before` (0 = the first). Throws `ApiError`: `conflict` when somebody else was first. */
export async function writeAnnotation(options: {
	recording: string;
	kind: AnnotationKind;
	keys: TrackKeys;
	before: number;
	body: Json;
}): Promise<void> {
	const { recording, kind, before, body } = options;
	const { member, identity } = account;
	const version = before + 1;
	const sealed = await sealAnnotation({
		key: manifestKey(options),
		recording,
		kind,
		version,
		author: { id: member.id, signing: identity.signing },
		at: Date.now(),
		body,
	});
	await request({
		method: 'PUT',
		path: pathOf(options),
		body: { version, sealed: toBase64url(sealed) },
	});
}
