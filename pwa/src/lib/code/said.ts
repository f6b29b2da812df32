import { m } from '#lib/paraglide/messages.js';
import type { JoinState } from './join.svelte.ts';

/** What the page says of a try that led to no place, and what to do next. */
export interface Said {
	readonly title: string;
	readonly text: string;
}

const minutesOf = (seconds: number): number => Math.max(1, Math.ceil(seconds / 60));

/** undefined where there is nothing to say in words of this page. */
export function said(is: JoinState): Said | undefined {
	switch (is.state) {
		case 'bad':
			return { title: m.code_bad(), text: m.code_bad_text() };
		case 'wrong':
			return { title: m.code_wrong(), text: m.code_wrong_text({ count: is.left }) };
		case 'burnt':
			return { title: m.code_dead(), text: m.code_dead_text() };
		case 'expired':
			return { title: m.code_expired_join(), text: m.code_expired_join_text() };
		case 'unknown':
			return { title: m.code_unknown(), text: m.code_unknown_text() };
		case 'busy':
			return { title: m.code_busy(), text: m.code_busy_text() };
		case 'lost':
			return { title: m.code_lost(), text: m.code_lost_text() };
		case 'away':
			return { title: m.code_host_away(), text: m.code_host_away_text() };
		case 'rest':
			return {
				title: m.code_rest(),
				text: m.code_rest_text({ minutes: minutesOf(is.seconds) }),
			};
		case 'too-many':
			return {
				title: m.code_too_many(),
				text: m.code_too_many_text({ minutes: minutesOf(is.seconds) }),
			};
		default:
			return undefined;
	}
}
