import { type Bytes, equal, toHex } from '#crypto/bytes.ts';
import type { RecorderKind } from './kind.ts';
import { type VerifiedReceipt, latestOf } from './receipt.ts';

/** Why somebody's receipt does not allow the recorder. */
export type MissingReason =
	| 'receipt-missing'
	| 'receipt-withdrawn'
	| 'receipt-other-session'
	| 'receipt-other-host'
	| 'receipt-other-notice'
	| 'receipt-other-recorder';

/** A person whose consent is not there. */
export interface Missing {
	readonly key: Bytes;
	readonly reason: MissingReason;
}

/** What a consent has to be for. */
export interface Asked {
	readonly session: string;
	readonly hostKey: Bytes;
	readonly recorder: RecorderKind;
	/** SHA-256 of the notice. */
	readonly notice: Bytes;
	/** The notice is one of 42 CFR Part 2: everybody but the host signs with her name and the date. */
	readonly part2?: boolean | undefined;
}

/** Those of `people` (identity keys, the host too) who have not consented to exactly what is asked; empty = recording is allowed. */
export function missingReceipts(options: {
	people: readonly Bytes[];
	receipts: readonly VerifiedReceipt[];
	asked: Asked;
}): Missing[] {
	const { people, receipts, asked } = options;
	const bySubject = new Map(latestOf(receipts).map((latest) => [toHex(latest.subject), latest]));
	return people.flatMap((key) => {
		const reason = reasonOf(bySubject.get(toHex(key)), asked);
		return reason ? [{ key, reason }] : [];
	});
}

function reasonOf(receipt: VerifiedReceipt | undefined, asked: Asked): MissingReason | undefined {
	if (!receipt) return 'receipt-missing';
	if (receipt.session !== asked.session) return 'receipt-other-session';
	if (receipt.type === 'withdrawal') return 'receipt-withdrawn';
	if (!equal(receipt.hostKey, asked.hostKey)) return 'receipt-other-host';
	if (!equal(receipt.notice, asked.notice)) return 'receipt-other-notice';
	if (receipt.recorder !== asked.recorder) return 'receipt-other-recorder';
	const isHost = equal(receipt.subject, asked.hostKey);
	const isNamed = receipt.signedAs !== undefined && receipt.at !== undefined;
	if (asked.part2 && !isHost && !isNamed) return 'receipt-other-notice';
	return undefined;
}
