import type { PostKind, PostWay } from '../protocol/post.ts';
import {
	asked,
	hasNotice,
	type Letter,
	noticeLines,
	oneLine,
	shortNotice,
	when,
	write,
	type Written,
} from './words.ts';

/** Letters of one kind to one person about several sessions of one host, the earliest first. */
export type Letters = readonly [Letter, ...Letter[]];

/**
 * How many sessions one text message tells of. It gives no room for more times; an invitation gives the
 * first, and the reminders give the others with their links.
 */
export const textAtOnce: Readonly<Record<PostKind, number>> = {
	invitation: 26,
	update: 4,
	cancellation: 26,
	reminder: 1,
};

const titles = {
	will: 'Each of these sessions will be recorded.',
	would: 'They would have been recorded.',
};

function opening([{ kind, practice, host }, ...others]: Letters): string {
	const count = others.length + 1;
	const sessions = `video sessions with ${oneLine(host)}`;
	const sentences: Record<PostKind, string> = {
		invitation: `you are invited to ${count} ${sessions}.`,
		update: `${count} of your ${sessions} have a new time.`,
		cancellation: `${count} of your ${sessions} were cancelled.`,
		reminder: `a reminder of ${count} ${sessions}.`,
	};
	return `${oneLine(practice)}: ${sentences[kind]}`;
}

function subject([{ kind }, ...others]: Letters): string {
	const count = others.length + 1;
	const subjects: Record<PostKind, string> = {
		invitation: `Your ${count} video sessions`,
		update: `New times for ${count} video sessions`,
		cancellation: `Cancelled: ${count} video sessions`,
		reminder: `Reminder: ${count} video sessions`,
	};
	return subjects[kind];
}

function mail(letters: Letters): Written {
	const [first] = letters;
	const over = first.kind === 'cancellation';
	const list = letters.map((letter, at) => {
		const line = `${at + 1}. ${when(letter, false)}`;
		return over ? line : `${line}\n   ${letter.link}`;
	});
	const parts = [
		opening(letters),
		...(over ? [] : ['Each has a page of its own. Open it a few minutes before:']),
		list.join('\n'),
		...(over
			? []
			: [
					'You need a browser, nothing to install. If your practice gave you private links, use those.',
				]),
		...(hasNotice(first)
			? [
					[
						over ? titles.would : titles.will,
						...noticeLines(first.notice, first),
						...(over ? [] : [asked]),
					].join('\n'),
				]
			: []),
	];
	return {
		subject: `${subject(letters)}, ${when(first, true)}`,
		body: `${parts.join('\n\n')}\n`,
	};
}

function days(letters: Letters): string {
	const [{ language, timeZone }] = letters;
	const format = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', timeZone });
	return letters.map(({ startsAt }) => format.format(startsAt)).join(', ');
}

function text(letters: Letters): Written {
	const [first] = letters;
	const { kind, link } = first;
	const over = kind === 'cancellation';
	const facts: Record<PostKind, readonly string[]> = {
		invitation: [
			`The first: ${when(first, true)}.`,
			link,
			`All days: ${days(letters)}. You get the link of each with its reminder.`,
		],
		update: [`${letters.map((letter) => when(letter, true)).join('; ')}.`, 'The links stay.'],
		cancellation: [`${days(letters)}.`],
		reminder: [`${letters.map((letter) => when(letter, true)).join('; ')}.`],
	};
	const parts = [
		opening(letters),
		...facts[kind],
		...(hasNotice(first) ? [shortNotice(first, over ? titles.would : titles.will)] : []),
	];
	return { subject: '', body: parts.join(' ') };
}

/** The words of one message about several sessions; of one, as `write` has them. */
export function writeAll(letters: Letters, way: PostWay): Written {
	const [first, ...others] = letters;
	if (others.length === 0) return write(first, way);
	return way === 'mail' ? mail(letters) : text(letters);
}

/** What letters that go out in one have in common: the same words to the same person, but for time and link. */
export const commonOf = (letter: Letter): string =>
	JSON.stringify({ ...letter, startsAt: null, minutes: null, link: null });

/** Whether two letters can go out in one. */
export const together = (one: Letter, other: Letter): boolean => commonOf(one) === commonOf(other);
