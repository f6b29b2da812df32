import { createStore, del, get, keys, set } from 'idb-keyval';
import * as v from 'valibot';
import { nameHere } from '#lib/net/home.ts';
import { Count, Signed, Time } from '#protocol/text.ts';

/** What a browser keeps of calls. idb-keyval, not Dexie: a participant on a phone loads 1 kB of it instead of 30. */
export const shelf = createStore(nameHere('sotto-call'), 'shelf');

const Statements = v.array(Signed);
export const StoredKnowledge = v.object({
	book: v.unknown(),
	admissions: Statements,
	removals: Statements,
	generation: Count,
});
export type StoredKnowledge = v.InferOutput<typeof StoredKnowledge>;

/** Somebody met before, by key. */
export const StoredPin = v.object({
	name: v.string(),
	firstAt: Time,
	comparedAt: v.nullable(Time),
	/** In which this key was met first. */
	session: v.optional(v.string()),
});
export type StoredPin = v.InferOutput<typeof StoredPin>;

const StoredBytes = v.instance(Uint8Array<ArrayBuffer>);
/** A participant's identity, whose private halves are CryptoKeys that cannot be exported. */
export const StoredIdentity = v.object({
	publicIdentity: v.object({ ed25519: StoredBytes, x25519: StoredBytes }),
	signing: v.object({ publicKey: StoredBytes, privateKey: v.instance(CryptoKey) }),
	x25519: v.instance(CryptoKey),
});

/** What was kept under a name; undefined when there is nothing, or when it is not of this shape any more. */
export async function kept<S extends v.GenericSchema>(
	name: string,
	schema: S,
): Promise<v.InferOutput<S> | undefined> {
	const parsed = v.safeParse(schema, await get(name, shelf));
	return parsed.success ? parsed.output : undefined;
}

export async function keep(name: string, value: unknown): Promise<void> {
	await set(name, value, shelf);
}

export async function forget(name: string): Promise<void> {
	await del(name, shelf);
}

/** Forgets everything whose name begins so. */
export async function forgetAll(prefix: string): Promise<void> {
	for (const name of await keys(shelf))
		if (typeof name === 'string' && name.startsWith(prefix)) await del(name, shelf);
}
