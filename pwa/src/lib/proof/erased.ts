import { openSigned } from '#crypto/identity/signed.ts';
import { toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { Head } from '#crypto/log/head.ts';
import { type MemberList, signingKeysOf, wasAdmin } from '#crypto/members/members.ts';
import { isApiError } from '#lib/net/errors.ts';
import { ErasureText, erasableAfterMs, erasingDriftMs } from '#protocol/erasing.ts';
import { logBlockRows } from '#protocol/log.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
import type { LogSource } from './head.ts';
import { checkBlock } from './rows.ts';

/** Whose word counts. */
export interface Authority {
	readonly members: MemberList;
	readonly practice: string;
}

/** Whether a row that says nothing any more was erased by who may, when she might. */
export type Erased = (row: { n: number; at: number }) => boolean;

/** The rows that an administrator signed to erase; none where she did not sign just that. */
async function signedRows(
	{ who, signed, at }: HistoryRow,
	{ members, practice }: Authority,
): Promise<readonly number[]> {
	if (who === null || !signed || !wasAdmin(members, who)) return [];
	for (const publicKey of signingKeysOf(members, who)) {
		try {
			const schema = ErasureText;
			const text = await openSigned({ signed, publicKey, context: 'sotto/erasure/v1', schema });
			const fits = text.practice === practice && text.author === who;
			const then = Math.abs(text.at - at) <= erasingDriftMs;
			if (fits && then && text.key === toBase64url(publicKey)) return text.rows;
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
		}
	}
	return [];
}

/** A server that cannot tell of erasings explains no emptied row. */
async function erasuresOf(source: LogSource): Promise<readonly HistoryRow[]> {
	try {
		return await source.erasures();
	} catch (error) {
		if (!isApiError(error, 'bad-answer', 'internal')) throw error;
		return [];
	}
}

/**
 * Reads the erasings that the log has: each is a row of it, as its leaf says, by an administrator of the practice who signed
 * which rows, by `now` and then. Whatever else the server shows as one is passed over; an answer that makes no sense has none. Throws `ApiError`.
 */
export async function readErased(
	source: LogSource,
	{ head, authority, now }: { head: Head; authority: Authority; now: number },
): Promise<Erased> {
	const shown = (await erasuresOf(source)).filter(
		({ n, at, act }) =>
			// Dated ahead, it would erase what is younger.
			act === 'erased' && at <= now + erasingDriftMs && n >= 1 && n <= head.size,
	);
	const until = new Map<number, number>();
	const blocks = new Set(shown.map(({ n }) => Math.floor((n - 1) / logBlockRows)));
	for (const block of blocks) {
		const rows = shown.filter(({ n }) => Math.floor((n - 1) / logBlockRows) === block);
		const findings = await checkBlock(source, { head, block, shown: rows });
		const wrong = new Set(findings.flatMap((one) => ('n' in one ? [one.n] : [])));
		if (findings.some(({ is }) => is === 'unfit')) continue;
		for (const row of rows.filter(({ n }) => !wrong.has(n)))
			for (const n of await signedRows(row, authority))
				until.set(n, Math.max(until.get(n) ?? 0, row.at - erasableAfterMs));
	}
	return ({ n, at }) => at <= (until.get(n) ?? -1);
}
