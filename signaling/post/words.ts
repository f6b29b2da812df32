import type { PostKind, PostWay } from '../protocol/post.ts';

/** What people must be told before they are recorded. */
export interface NoticeWords {
	practice: string;
	host: string;
	purpose: string;
	recorder: 'device' | 'station';
	openers: string;
	keptUntil: number | null;
	/** For what kind of purpose; `minutes` after its end it is deleted. */
	keeping?: { purpose: string; minutes?: number | undefined } | undefined;
}

/** Everything that a message says. There is no field for a participant's name or for a secret. */
export interface Letter {
	kind: PostKind;
	practice: string;
	host: string;
	startsAt: number;
	minutes: number;
	/** Without a fragment. */
	link: string;
	/** Null when the session is not recorded. */
	notice: NoticeWords | null;
	language: string;
	timeZone: string;
}

export interface Written {
	subject: string;
	body: string;
}

/**
 * What somebody typed, in one line: it cannot begin a line of its own, turn the direction of the words
 * around it, or hold what is no text.
 */
export const oneLine = (name: string): string =>
	name
		.toWellFormed()
		.replaceAll(/[\s\p{Cc}\p{Bidi_Control}]+/gu, ' ')
		.trim();

export function when({ startsAt, minutes, timeZone, language }: Letter, short: boolean): string {
	const format = new Intl.DateTimeFormat(language, {
		...(short
			? { weekday: 'short', day: 'numeric', month: 'short' }
			: { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' }),
		hour: 'numeric',
		minute: '2-digit',
		timeZone,
		timeZoneName: short ? 'short' : 'long',
	});
	return `${format.format(startsAt)}${short ? '' : `, ${minutes} minutes`}`;
}

/** Until when it is kept: a date, minutes after its end, or neither. */
function keptWords({ keptUntil, keeping }: NoticeWords, date: Intl.DateTimeFormat): string {
	if (keptUntil !== null) return date.format(keptUntil);
	if (keeping?.minutes !== undefined)
		return `${keeping.minutes} minutes after it ends, then it is deleted`;
	return keeping?.purpose === 'legal'
		? 'for a legal case, until the practice releases it'
		: 'no date is set, until the practice deletes it';
}

export function noticeLines(notice: NoticeWords, { language, timeZone }: Letter): string[] {
	const { recorder } = notice;
	const host = oneLine(notice.host);
	const practice = oneLine(notice.practice);
	const date = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone });
	return [
		`Practice: ${practice}`,
		`Host: ${host}`,
		`Why: ${oneLine(notice.purpose)}`,
		`Who records: ${recorder === 'device' ? `the device of ${host}` : `a recording station of ${practice}`}`,
		`Who can open it: ${oneLine(notice.openers)}`,
		`Kept until: ${keptWords(notice, date)}`,
	];
}

export const noticeTitle = 'This session will be recorded.';
export const asked =
	'You are asked before it begins. If you do not agree, it still takes place, without a recording.';

/** The first sentence: what this message is about. */
function opening({ kind, practice, host }: Letter): string {
	const session = `video session with ${oneLine(host)}`;
	const sentences: Record<PostKind, string> = {
		invitation: `you are invited to a ${session}.`,
		update: `your ${session} has a new time.`,
		cancellation: `your ${session} was cancelled.`,
		reminder: `a reminder of your ${session}.`,
	};
	return `${oneLine(practice)}: ${sentences[kind]}`;
}

const subjects: Record<PostKind, string> = {
	invitation: 'Your video session',
	update: 'New time for your video session',
	cancellation: 'Cancelled: your video session',
	reminder: 'Reminder: your video session',
};

function mail(letter: Letter): Written {
	const { kind, link, notice } = letter;
	const over = kind === 'cancellation';
	const parts = [
		opening(letter),
		`When: ${when(letter, false)}`,
		...(over
			? []
			: [
					`Open this page a few minutes before:\n${link}`,
					'You need a browser, nothing to install. If your practice gave you a private link, use that one.',
				]),
		...(notice
			? [
					[
						over ? 'It would have been recorded:' : noticeTitle,
						...noticeLines(notice, letter),
						...(over ? [] : [asked]),
					].join('\n'),
				]
			: []),
	];
	return {
		subject: `${subjects[kind]}, ${when(letter, true)}`,
		body: `${parts.join('\n\n')}\n`,
	};
}

/** What a notice says that is not in the words before it already: a text costs by its length. */
export function shortNotice(letter: Letter & { notice: NoticeWords }, title: string): string {
	const { practice, host, notice, kind } = letter;
	const said = new Set([`Practice: ${oneLine(practice)}`, `Host: ${oneLine(host)}`]);
	const told = noticeLines(notice, letter).filter((line) => !said.has(line));
	return [title, `${told.join('. ')}.`, ...(kind === 'cancellation' ? [] : [asked])].join(' ');
}

export const hasNotice = (letter: Letter): letter is Letter & { notice: NoticeWords } =>
	letter.notice !== null;

function text(letter: Letter): Written {
	const over = letter.kind === 'cancellation';
	const parts = [
		opening(letter),
		`${when(letter, true)}.`,
		...(over ? [] : [letter.link]),
		...(hasNotice(letter)
			? [shortNotice(letter, over ? 'It would have been recorded.' : noticeTitle)]
			: []),
	];
	return { subject: '', body: parts.join(' ') };
}

/** The words of a message. English, with dates as the language of the reader writes them. */
export function write(letter: Letter, way: PostWay): Written {
	return way === 'mail' ? mail(letter) : text(letter);
}
