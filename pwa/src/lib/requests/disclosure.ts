import * as v from 'valibot';
import { fromBase64url } from '#crypto/bytes.ts';
import { parseJson } from '#crypto/schema.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { openText, sealText } from '#lib/schedule/sealed.ts';
import { DisclosureList, type DisclosureRecord } from '#protocol/disclosures.ts';

/**
 * Why something may be given away. `person`: to whom it is about, or who speaks for her; `care`: treatment, payment,
 * health care operations; `authorized`: she said so in writing; `other`: anything else, such as a law. Only the last one
 * is counted in an accounting (45 CFR 164.528(a)(1)); all are written down.
 */
export const Basis = v.picklist(['person', 'care', 'authorized', 'other']);
export type Basis = v.InferOutput<typeof Basis>;

const line = v.pipe(v.string(), v.maxLength(500));
const Disclosed = v.strictObject({
	v: v.literal(1),
	/** Who received it. */
	to: line,
	/** Where she can be reached, as far as it is known; may be empty. */
	address: line,
	/** What it was: a brief description. */
	what: line,
	purpose: line,
	basis: Basis,
	/** Names of those whose part it was. */
	people: v.array(line),
});
export type Disclosed = v.InferOutput<typeof Disclosed>;

/** A disclosure that could be opened, and one that could not. */
export interface Disclosure extends DisclosureRecord {
	readonly told: Disclosed | undefined;
}

const contextOf = (id: string): string => `disclosure ${id}`;

/** Writes down to whom something is given, before it is. Throws `ApiError`. */
export async function tellDisclosure(options: {
	id: string;
	recording: string;
	act: 'exported' | 'shared';
	told: Omit<Disclosed, 'v'>;
}): Promise<void> {
	const { id, recording, act, told } = options;
	const text = JSON.stringify({ v: 1, ...told });
	const to = [account.practice.recordsIdentity];
	const sealed = await sealText({ to, context: contextOf(id), text });
	const path = `/api/recordings/${recording}/disclosures`;
	await request({ method: 'POST', path, body: { id, act, sealed } });
}

/** Everything that was given away between two moments, the newest first. For admins. Throws `ApiError`. */
export async function fetchDisclosures(from: number, to: number): Promise<Disclosure[]> {
	const path = `/api/disclosures?from=${from}&to=${to}`;
	const { disclosures } = await fetchJson(DisclosureList, { path });
	const { records, oldRecords } = account.practice;
	const openers = [...(records ? [records] : []), ...oldRecords];
	return Promise.all(
		disclosures.map(async (row) => {
			const sealed = fromBase64url(row.sealed);
			const text = openText({ openers, context: contextOf(row.id), sealed });
			const told = await text.then((json) => parseJson(Disclosed, json)).catch(() => undefined);
			return { ...row, told };
		}),
	);
}
