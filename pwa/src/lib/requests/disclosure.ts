import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { parseJson } from '#crypto/schema.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { openText, sealText } from '#lib/schedule/sealed.ts';
import { DisclosureList, type DisclosureRecord } from '#protocol/disclosures.ts';
import { Disclosed } from './told.ts';

/** A disclosure that could be opened, and one that could not. */
export interface Disclosure extends DisclosureRecord {
	readonly told: Disclosed | undefined;
}

const contextOf = (id: string): string => `disclosure ${id}`;

/** To whom something is given, for whoever has "Practice records key". Throws as `sealText`. */
export function sealDisclosure(id: string, told: Omit<Disclosed, 'v'>): Promise<string> {
	const text = JSON.stringify({ v: 1, ...told });
	return sealText({ to: [account.practice.recordsIdentity], context: contextOf(id), text });
}

/** Writes down to whom a copy is given, before it is. Throws `ApiError`. */
export async function tellCopy(recording: string, told: Omit<Disclosed, 'v'>): Promise<void> {
	const id = toBase64url(random(16));
	const sealed = await sealDisclosure(id, told);
	const path = `/api/recordings/${recording}/disclosures`;
	await request({ method: 'POST', path, body: { id, act: 'exported', sealed } });
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
