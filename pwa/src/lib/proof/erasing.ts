import { toBase64url } from '#crypto/bytes.ts';
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

/** Of these rows, those that may be erased by now. Throws `ApiError`. */
export async function erasableOf(rows: readonly HistoryRow[], now: number): Promise<HistoryRow[]> {
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

/** Takes from rows of the history whom and what they were about; this administrator signs which. Throws `ApiError`. */
export async function eraseRows(numbers: readonly number[], now: number): Promise<void> {
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
