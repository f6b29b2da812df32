import { m } from '#lib/paraglide/messages.js';
import { formatDate, formatTime } from '#lib/ui/dates.ts';
import type { Finding } from './head.ts';

const when = (at: number): string => `${formatDate(at)}, ${formatTime(at)}`;

/** What is wrong, in one sentence. */
export function findingWords(finding: Finding): string {
	switch (finding.is) {
		case 'altered':
			return m.proof_altered({ n: finding.n });
		case 'missing':
			return m.proof_missing({ n: finding.n });
		case 'blanked':
			return m.proof_blanked({ n: finding.n });
		case 'moved':
			return m.proof_moved({ n: finding.n, from: finding.from });
		case 'unfit':
			return m.proof_unfit({ n: finding.n, to: finding.to });
		case 'shortened': {
			const { size, before, since } = finding;
			return m.proof_shortened({ size, before, date: when(since) });
		}
		case 'rewritten':
			return m.proof_rewritten({ date: when(finding.since) });
		case 'other-key':
			return m.proof_other_key({ date: when(finding.since) });
		case 'other-log':
			return m.proof_other_log();
		case 'unproved':
			return m.proof_unproved();
		case 'unsigned':
			return m.proof_unsigned();
		default:
			return m.proof_forked();
	}
}

/** Whether it is the history as a whole that is another, not single rows of it. */
export const isWhole = ({ is }: Finding): boolean =>
	is === 'shortened' ||
	is === 'rewritten' ||
	is === 'other-key' ||
	is === 'forked' ||
	isDoubt({ is });

/** Whether it may be wrong, and nothing shows that it is. */
const isDoubt = ({ is }: Pick<Finding, 'is'>): boolean => is === 'other-log' || is === 'unproved';

/** What the findings come to, and what to do. */
export const summaryOf = (findings: readonly Finding[]): { title: string; next: string } =>
	findings.every(isDoubt)
		? { title: m.proof_doubt(), next: m.proof_doubt_next() }
		: { title: m.proof_wrong(), next: m.proof_wrong_next() };
