import { m } from '#lib/paraglide/messages.js';
import { formatTimeIn, viewerZone } from '#lib/time.ts';
import type { NameCheck, NameChoice } from '../../shared/state.ts';

/** What is known of an arrival, on this machine's clock. */
export interface Occasion {
	readonly since: number;
	/** When the session begins, if that is known. */
	readonly startsAt: number | undefined;
	/** Of the invitation; null unless verified. */
	readonly name: string | null;
	readonly check: NameCheck;
}

/** Two letters of a name. */
export function initials(name: string): string {
	const words = name.trim().split(/\s+/);
	const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
	return letters.map((word) => word?.[0]?.toUpperCase() ?? '').join('');
}

const time = (at: number): string => formatTimeIn(at, viewerZone());

/** The two lines of a notification. The operating system reads them in clear, so who waits is in them by choice only. */
export function wordsOf(
	{ since, startsAt, name, check }: Occasion,
	choice: NameChoice,
): { title: string; message: string } {
	const shown = name !== null && choice === 'initials' ? initials(name) : name;
	const named = choice !== 'nobody' && shown !== null && shown !== '';
	const parts = [
		...(startsAt === undefined ? [] : [m.notify_session_at({ time: time(startsAt) })]),
		m.day_here_since({ since: time(since) }),
		...(choice !== 'nobody' && check === 'forged' ? [m.notify_forged()] : []),
	];
	return {
		title: named ? m.waiting_status({ name: shown }) : m.day_somebody_waits(),
		message: parts.join(' '),
	};
}
