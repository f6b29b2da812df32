import * as v from 'valibot';
import { type Bytes, equal, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type Signed, openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { Id, bytesText, parseJson } from '#crypto/schema.ts';
import { type MemberList, openMemberList } from './members.ts';

const context = 'sotto/practice-handover/v1';

const Handover = v.strictObject({
	v: v.literal(1),
	practice: Id,
	/** The first list that the new key signs. */
	version: v.pipe(v.number(), v.safeInteger(), v.minValue(2)),
	from: bytesText(32),
	to: bytesText(32),
});
type Handover = v.InferOutput<typeof Handover>;

const Told = v.object({
	handovers: v.optional(v.array(v.object({ text: v.string(), signature: v.string() })), []),
});

/** The old practice key says which key signs the lists from `version` on. */
export function signHandover(options: {
	from: SigningKey;
	to: Bytes;
	practice: string;
	version: number;
}): Promise<Signed> {
	const { from, to, practice, version } = options;
	const keys = { from: toBase64url(from.publicKey), to: toBase64url(to) };
	return signJson({ key: from, context, value: { v: 1, practice, version, ...keys } });
}

/** A list, and the key that signed it: the pinned one, or the one that it was handed on to. */
export interface Followed {
	readonly list: MemberList;
	readonly practiceKey: Bytes;
}

/**
 * The list, signed by the pinned practice key or by a key that it was handed on to, step by step. `known` is
 * the newest that this device has seen; it may be signed by an earlier key. Throws as `openMemberList`, and
 * `stale` when a key was handed on in a version that `known` shows the old key to have signed.
 */
export async function followMemberList(options: {
	signed: Signed;
	practiceKey: Bytes;
	known?: Signed | undefined;
}): Promise<Followed> {
	const { signed, known } = options;
	const { handovers } = parseJson(Told, signed.text);
	let practiceKey = options.practiceKey;
	for (const handover of handovers) {
		const step = await opened(handover, practiceKey);
		if (step) practiceKey = step.to;
	}
	const list = await openMemberList({ signed, practiceKey });
	const steps = await checked(list);
	if (known && known.text !== signed.text) {
		const before = await openWith(known, keysOf(steps, practiceKey));
		const next = steps.find(({ from }) => equal(from, before.practiceKey));
		const late = next && next.version <= before.list.version;
		if (before.list.practice !== list.practice || before.list.version >= list.version || late)
			throw new CryptoError('stale');
	}
	return { list, practiceKey };
}

// Undefined when it is not by this key.
async function opened(signed: Signed, publicKey: Bytes): Promise<Handover | undefined> {
	try {
		const step = await openSigned({ signed, publicKey, context, schema: Handover });
		return equal(step.from, publicKey) ? step : undefined;
	} catch (error) {
		if (error instanceof CryptoError && error.code === 'bad-signature') return undefined;
		throw error;
	}
}

/** The steps of a list whose signature is good, in order. Throws `bad-signature`, `bad-encoding`. */
async function checked({ practice, version, handovers = [] }: MemberList): Promise<Handover[]> {
	const steps: Handover[] = [];
	for (const signed of handovers) {
		const { from } = parseJson(Handover, signed.text);
		const step = await opened(signed, from);
		const last = steps.at(-1);
		const follows = !last || (step && equal(last.to, step.from) && last.version < step.version);
		if (!step || !follows || step.practice !== practice || step.version > version)
			throw new CryptoError('bad-signature');
		steps.push(step);
	}
	return steps;
}

const keysOf = (steps: readonly Handover[], practiceKey: Bytes): Bytes[] => [
	practiceKey,
	...steps.map(({ from }) => from),
];

/** A list that this device saw before `newest`, perhaps under an earlier practice key. Throws as `openMemberList`. */
export async function openEarlier(earlier: Signed, newest: Followed): Promise<MemberList> {
	const steps = await checked(newest.list);
	return (await openWith(earlier, keysOf(steps, newest.practiceKey))).list;
}

/** The version in which the practice key was handed on last; 0 when it never was. Throws as `followMemberList`. */
export async function handedOnIn(list: MemberList): Promise<number> {
	return (await checked(list)).at(-1)?.version ?? 0;
}

async function openWith(known: Signed, keys: readonly Bytes[]): Promise<Followed> {
	for (const practiceKey of keys) {
		try {
			return { list: await openMemberList({ signed: known, practiceKey }), practiceKey };
		} catch (error) {
			if (!(error instanceof CryptoError) || error.code !== 'bad-signature') throw error;
		}
	}
	throw new CryptoError('bad-signature');
}
