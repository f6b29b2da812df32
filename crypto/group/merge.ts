import { type Bytes, toHex } from '#crypto/bytes.ts';
import { type VerifiedReceipt, latestOf, verifyReceipt } from '#crypto/consent/receipt.ts';
import type { Signed } from '#crypto/identity/signed.ts';
import type { Evidence } from './evidence.ts';
import { verifyAdmission, verifyCertificate, verifyRemoval } from './statements.ts';

/**
 * One bundle out of what the epoch before said, what is new and what is known besides: the latest receipt of each
 * subject, every removal, admissions and certificates of those who were not removed (the newer bundle wins), the newest
 * notice. Throws `bad-signature` and `bad-encoding` when anything in it is not the host's or the subject's own.
 */
export async function mergeEvidence(
	hostKey: Bytes,
	...bundles: readonly Evidence[]
): Promise<Evidence> {
	const all = (pick: (bundle: Evidence) => readonly Signed[]) => bundles.flatMap(pick);
	const removals = await keyed(
		all((bundle) => bundle.removals),
		hostKey,
		verifyRemoval,
	);
	const admissions = await keyed(
		all((bundle) => bundle.admissions),
		hostKey,
		verifyAdmission,
	);
	const recorders = await keyed(
		all((bundle) => bundle.recorders),
		hostKey,
		verifyCertificate,
	);
	const receipts = await Promise.all(unique(all((bundle) => bundle.receipts)).map(verifyReceipt));
	for (const removed of removals.keys()) {
		admissions.delete(removed);
		recorders.delete(removed);
	}
	return {
		admissions: inOrder(admissions),
		removals: inOrder(removals),
		receipts: latestOf(receipts).map((receipt: VerifiedReceipt) => receipt.signed),
		recorders: inOrder(recorders),
		notice: bundles.findLast((bundle) => bundle.notice)?.notice ?? null,
	};
}

async function keyed(
	statements: readonly Signed[],
	hostKey: Bytes,
	verify: (signed: Signed, hostKey: Bytes) => Promise<{ readonly key: Bytes }>,
): Promise<Map<string, Signed>> {
	const entry = async (signed: Signed): Promise<[string, Signed]> => {
		const { key } = await verify(signed, hostKey);
		return [toHex(key), signed];
	};
	// A later entry of a Map replaces the earlier one of the same key.
	return new Map(await Promise.all(unique(statements).map(entry)));
}

/** The same statement once, at its last place. */
function unique(statements: readonly Signed[]): Signed[] {
	const byText = new Map<string, Signed>();
	for (const signed of statements) {
		const name = `${signed.signature}${signed.text}`;
		byText.delete(name);
		byText.set(name, signed);
	}
	return Array.from(byText.values());
}

function inOrder(statements: ReadonlyMap<string, Signed>): Signed[] {
	return Array.from(statements)
		.toSorted(([a], [b]) => (a < b ? -1 : 1))
		.map(([, signed]) => signed);
}
