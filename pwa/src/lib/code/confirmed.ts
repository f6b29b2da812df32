import * as v from 'valibot';
import { forget, keep, kept } from '#lib/call/shelf.ts';
import { codeMs, codeTries } from '#protocol/code.ts';
import { Time } from '#protocol/text.ts';

const Host = v.object({ fingerprint: v.string() });
const Tries = v.object({ since: Time, count: v.number() });

/** A participant's browser: the host whose keys the code of this place confirmed, as base64url of the fingerprint. */
export async function rememberHost(place: string, fingerprint: string): Promise<void> {
	await keep(`code ${place}`, { fingerprint });
}

export async function confirmedHost(place: string): Promise<string | undefined> {
	return (await kept(`code ${place}`, Host))?.fingerprint;
}

export async function forgetHost(place: string): Promise<void> {
	await forget(`code ${place}`);
}

/**
 * Counts a try of this browser before it begins. Whoever stands in between may guess the digits once in each, so there
 * are no more of them than on the host's side.
 */
export async function countTry(nameplate: string): Promise<boolean> {
	const name = `tries ${nameplate}`;
	const now = Date.now();
	const known = await kept(name, Tries);
	const fresh = !known || now - known.since >= codeMs || known.since > now;
	const tries = fresh ? { since: now, count: 0 } : known;
	if (tries.count >= codeTries) return false;
	await keep(name, { ...tries, count: tries.count + 1 });
	return true;
}
