import { fromBase64url, toHex } from '#crypto/bytes.ts';
import { type MissingReason, missingReceipts } from '#crypto/consent/missing.ts';
import type { Vouched } from './manifest.ts';

/** What one person said about being recorded, as her own signature shows it. */
export interface Consent {
	/** Number of the person. */
	readonly person: number;
	readonly name: string;
	/** `agreed`: a signed consent to exactly the notice of this recording. */
	readonly said: 'agreed' | 'withdrew' | 'missing';
	/** She spoke for everybody else at her device too. */
	readonly together: boolean;
	/** Whom in her care she spoke for besides herself. */
	readonly guardianOf: string | undefined;
}

const saidOf = (reason: MissingReason | undefined): Consent['said'] => {
	if (reason === undefined) return 'agreed';
	return reason === 'receipt-withdrawn' ? 'withdrew' : 'missing';
};

/** Everybody's consent, in the order of the people. */
export function consentsOf({ manifest, evidence }: Vouched): Consent[] {
	const people = manifest.people.map((person) => ({ ...person, bytes: fromBase64url(person.key) }));
	const recorder = evidence.recorders.get(toHex(fromBase64url(manifest.recorder)));
	const asked = recorder &&
		evidence.notice && {
			session: manifest.session,
			hostKey: recorder.hostKey,
			recorder: recorder.kind,
			notice: evidence.notice.digest,
			part2: evidence.notice.notice.part2 !== undefined,
		};
	const reasons = new Map(
		asked
			? missingReceipts({
					people: people.map(({ bytes }) => bytes),
					receipts: [...evidence.receipts.values()],
					asked,
				}).map(({ key, reason }) => [toHex(key), reason])
			: people.map(({ bytes }) => [toHex(bytes), 'receipt-missing'] as const),
	);
	return people.map(({ id, name, bytes }) => {
		const receipt = evidence.receipts.get(toHex(bytes));
		return {
			person: id,
			name,
			said: saidOf(reasons.get(toHex(bytes))),
			together: receipt?.together === true,
			guardianOf: receipt?.guardianOf,
		};
	});
}

/** Who held the key of the call while it was recorded, each time that it changed. */
export interface RosterChange {
	readonly generation: number;
	/** Milliseconds from the start of the recording. */
	readonly atMs: number;
	readonly names: readonly string[];
	readonly hasRecorder: boolean;
	/** Members who are nobody that the host let in. */
	readonly strangers: number;
}

/** Every roster by names. */
export function rostersOf({ manifest, evidence }: Vouched): RosterChange[] {
	return manifest.rosters.map(({ generation, at, members }) => {
		const keys = members.map((key) => toHex(fromBase64url(key)));
		const people = keys.filter((key) => !evidence.recorders.has(key));
		const names = people.flatMap((key) => evidence.admissions.get(key)?.name ?? []);
		return {
			generation,
			atMs: at,
			names,
			hasRecorder: people.length < keys.length,
			strangers: people.length - names.length,
		};
	});
}
