import { toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { signJson } from '#crypto/identity/signed.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import {
	ErasableRows,
	type ErasureText,
	erasableAfterMs,
	erasedRowsMax,
} from '#protocol/erasing.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
import { proof } from './proof.svelte.ts';

/** Of these rows, those that may be erased by now. Throws `ApiError`. */
export async function erasableOf<R extends HistoryRow>(
	rows: readonly R[],
	now: number,
): Promise<R[]> {
	const old = rows.filter(({ at, leaf }) => at <= now - erasableAfterMs && leaf.salt !== null);
	const may = new Set<number>();
	for (let at = 0; at < old.length; at += erasedRowsMax) {
		const body = { rows: old.slice(at, at + erasedRowsMax).map(({ n }) => n) };
		const path = '/api/log/erasable';
		const answer = await fetchJson(ErasableRows, { method: 'POST', path, body });
		for (const n of answer.rows) may.add(n);
	}
	return old.filter(({ n }) => may.has(n));
}

/**
 * Nobody signs by its number what she was shown of a row unless that is how the signed log has it. Throws `bad-signature` where
 * something is wrong with one of these or with the history as a whole, `ApiError` where that cannot be known.
 */
async function demandProved(rows: readonly HistoryRow[]): Promise<void> {
	const own = new Set(rows.map(({ n }) => n));
	const { findings } = await proof.check(rows);
	if (findings.some((one) => !('n' in one) || one.is === 'unfit' || own.has(one.n)))
		throw new CryptoError('bad-signature');
}

/**
 * Takes from rows of the history whom and what they were about, as they are shown; this administrator signs which. Throws
 * `bad-signature` where they are not as they were written, or the history is in doubt, and `ApiError`.
 */
export async function eraseRows(rows: readonly HistoryRow[], now: number): Promise<void> {
	await demandProved(rows);
	const numbers = rows.map(({ n }) => n);
	const { member, identity, practice } = account;
	for (let from = 0; from < numbers.length; from += erasedRowsMax) {
		const value: ErasureText = {
			v: 1,
			practice: practice.id,
			author: member.id,
			key: toBase64url(identity.signing.publicKey),
			at: now,
			rows: numbers.slice(from, from + erasedRowsMax),
		};
		const signed = await signJson({ key: identity.signing, context: 'sotto/erasure/v1', value });
		await request({ method: 'POST', path: '/api/log/erasures', body: { signed } });
	}
}
