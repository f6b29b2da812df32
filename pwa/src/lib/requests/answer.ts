import * as v from 'valibot';
import { type Bytes, equal, fromBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { Identity, PublicIdentity } from '#crypto/identity/identity.ts';
import { openSigned } from '#crypto/identity/signed.ts';
import { parseJson } from '#crypto/schema.ts';
import { openText, sealText } from '#lib/schedule/sealed.ts';
import { type OwnRequest, RequestText, type RequestTask } from '#protocol/requests.ts';
import { Bytes32 } from '#protocol/text.ts';

/** What an answer is sealed for. */
export const answerContext = (request: string): string => `request ${request} answer`;

/** The keys that signed a request, after its signature was checked and that it says what the server says it does. */
export interface Asker {
	readonly key: Bytes;
	/** To whom words can be sealed; undefined for a wish that was said in the call. */
	readonly box: PublicIdentity | undefined;
}

/**
 * Who signed a request; undefined where nobody did, because it came by letter or with an account. Throws `bad-signature`
 * for a request that nobody signed so.
 */
export async function askerOf(
	task: Pick<RequestTask, 'id' | 'session' | 'place' | 'kind' | 'request'>,
): Promise<Asker | undefined> {
	const { request: signed } = task;
	if (!signed) return undefined;
	const { subject } = parseJson(v.object({ subject: Bytes32 }), signed.text);
	const publicKey = fromBase64url(subject);
	const inCall = v.safeParse(v.looseObject({ place: v.string() }), JSON.parse(signed.text));
	if (!inCall.success) {
		const schema = v.looseObject({ session: v.literal(task.session) });
		await openSigned({ signed, publicKey, context: 'sotto/deletion-request/v1', schema });
		return { key: publicKey, box: undefined };
	}
	const text = await openSigned({
		signed,
		publicKey,
		context: 'sotto/request/v1',
		schema: RequestText,
	});
	const { id, session, place, kind } = text;
	const same =
		id === task.id && session === task.session && place === task.place && kind === task.kind;
	if (!same) throw new CryptoError('bad-signature');
	return { key: publicKey, box: { ed25519: publicKey, x25519: fromBase64url(text.box) } };
}

/** Who of those in a recording had this key there; undefined for a key that nobody had. */
export function askerIn(
	people: readonly { readonly name: string; readonly key: string }[],
	key: Bytes | undefined,
): string | undefined {
	return key && people.find((one) => equal(fromBase64url(one.key), key))?.name;
}

/** Whether an open request to delete a recording is by the very person in it whose key this is; never one without a key. */
export function isAskedBy(
	task: Pick<RequestTask, 'state' | 'kind' | 'recordings'> & { readonly key: Bytes | undefined },
	{ recording, key }: { recording: string; key: string },
): boolean {
	const { state, kind, recordings } = task;
	const asks = state === 'open' && kind === 'delete' && recordings.includes(recording);
	return asks && task.key !== undefined && equal(fromBase64url(key), task.key);
}

/** Words for whoever asked; also for `own`, who keep them on file. Throws as `sealText`. */
export function sealAnswer(options: {
	request: string;
	to: PublicIdentity;
	own: PublicIdentity;
	text: string;
}): Promise<string> {
	const { request, to, own, text } = options;
	return sealText({ to: [to, own], context: answerContext(request), text });
}

/** A request with the words of its answer, as far as this device can open them. */
export interface ReadRequest extends OwnRequest {
	readonly said: string | undefined;
	readonly extensionSaid: string | undefined;
}

/** Opens what was answered; words that were sealed to other keys stay closed. */
export function readAll(
	requests: readonly OwnRequest[],
	identity: Identity,
): Promise<ReadRequest[]> {
	const open = async (id: string, sealed: string | null | undefined) => {
		if (!sealed) return undefined;
		try {
			const context = answerContext(id);
			return await openText({ openers: [identity], context, sealed: fromBase64url(sealed) });
		} catch (error) {
			if (error instanceof CryptoError) return undefined;
			throw error;
		}
	};
	return Promise.all(
		requests.map(async (one) => ({
			...one,
			said: await open(one.id, one.words),
			extensionSaid: await open(one.id, one.extension?.words),
		})),
	);
}
