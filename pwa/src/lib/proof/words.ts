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
		case 'unsigned':
			return m.proof_unsigned();
		default:
			return m.proof_forked();
	}
}

/** Whether it is the history as a whole that is another, not single rows of it. */
export const isWhole = ({ is }: Finding): boolean =>
	is === 'shortened' || is === 'rewritten' || is === 'other-key' || is === 'forked';
