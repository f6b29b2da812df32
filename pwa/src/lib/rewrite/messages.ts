import * as v from 'valibot';
import { Count, Id } from '#protocol/text.ts';

/**
 * What a page and the worker that rewrites recordings say to each other. A request carries an `id`; exactly one `done` or
 * `failed` with that id comes back, and `bytes` before it. Keys are imported: their bytes never come here.
 */
const RequestId = v.pipe(v.number(), v.safeInteger());
const Raw = v.instance(Uint8Array<ArrayBufferLike>);
const Key = v.instance(CryptoKey);

const Context = v.strictObject({
	session: Id,
	generation: Count,
	receipts: v.nullable(Raw),
	recorder: Raw,
	codec: v.string(),
	zeroMs: v.number(),
	previous: v.nullable(Raw),
});

const Sealed = v.strictObject({
	track: Id,
	part: Count,
	bytes: Count,
	digest: v.string(),
	key: Key,
});

const Stored = v.strictObject({
	track: Id,
	part: Count,
	chunks: Count,
	bytes: Count,
	segments: Count,
	digest: v.string(),
	context: Context,
});

/** Page → worker. */
export const SealerRequest = v.variant('type', [
	/** Once, before anything else: where recordings are stored, and the token to begin with. */
	v.strictObject({ type: v.literal('server'), origin: v.string(), token: v.string() }),
	/** A fresh token: the answer to `token-needed`. */
	v.strictObject({ type: v.literal('token'), token: v.string() }),
	v.strictObject({
		type: v.literal('reseal'),
		id: RequestId,
		job: v.strictObject({
			recording: Id,
			from: Sealed,
			to: v.strictObject({ part: Count, key: Key }),
			context: Context,
		}),
	}),
	v.strictObject({
		type: v.literal('verify'),
		id: RequestId,
		job: v.strictObject({ recording: Id, key: Key, stored: Stored }),
	}),
	v.strictObject({
		type: v.literal('cut'),
		id: RequestId,
		job: v.strictObject({
			source: Id,
			from: Sealed,
			startMs: Count,
			passage: v.strictObject({ from: Count, to: Count }),
			recording: Id,
			track: Id,
			key: Key,
			zeroMs: Count,
			codecs: v.array(v.string()),
			context: v.omit(Context, ['codec', 'zeroMs', 'previous']),
		}),
	}),
]);
export type SealerRequest = v.InferOutput<typeof SealerRequest>;

const CutFile = v.strictObject({
	stored: Stored,
	codecs: v.array(v.string()),
	startMs: Count,
	durationMs: Count,
});

/** Worker → page. */
export const SealerAnswer = v.variant('type', [
	v.strictObject({ type: v.literal('bytes'), id: RequestId, bytes: Count }),
	v.strictObject({ type: v.literal('resealed'), id: RequestId, stored: Stored }),
	v.strictObject({ type: v.literal('verified'), id: RequestId }),
	/** Undefined: nothing is left of this person. */
	v.strictObject({ type: v.literal('cut'), id: RequestId, file: v.optional(CutFile) }),
	/** A code of crypto/errors.ts, of the server, or `internal`. */
	v.strictObject({ type: v.literal('failed'), id: RequestId, code: v.string() }),
	v.strictObject({ type: v.literal('token-needed') }),
]);
export type SealerAnswer = v.InferOutput<typeof SealerAnswer>;
