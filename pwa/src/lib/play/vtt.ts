import { CaptionsError } from './captionserror.ts';
import type { Span } from './timeline.ts';

/** One caption, on the clock of the recording. */
export interface Cue extends Span {
	/** Plain text; lines are kept. */
	readonly text: string;
}

/** A file of this many characters holds a day of speech. */
export const vttCharsMax = 4 * 1024 * 1024;
const cuesMax = 20_000;

const timing = /^\s*((?:\d+:)?\d\d:\d\d[.,]\d{3})\s+-->\s+((?:\d+:)?\d\d:\d\d[.,]\d{3})(?:\s.*)?$/;
const entities: Readonly<Record<string, string>> = {
	amp: '&',
	lt: '<',
	gt: '>',
	nbsp: ' ',
	lrm: '',
	rlm: '',
};

function timeOf(text: string): number {
	const [seconds = 0, minutes = 0, hours = 0] = text
		.replace(',', '.')
		.split(':')
		.map(Number)
		.toReversed();
	return Math.round((hours * 3600 + minutes * 60 + seconds) * 1000);
}

/** WebVTT §4.2.2: what stands for a tag: the voice of a cue is kept as a name, every other one is left out. */
function inPlaceOf(tag: string): string {
	const [, name] = /^v(?:\.\S*)?\s+(.+)$/s.exec(tag) ?? [];
	return name === undefined ? '' : `${name}: `;
}

/** In one pass, since somebody else made the file: tags that never end would be looked through again from each of them. */
function plain(text: string): string {
	let out = '';
	let at = 0;
	for (;;) {
		const open = text.indexOf('<', at);
		const close = open < 0 ? -1 : text.indexOf('>', open);
		if (close < 0) break;
		out += text.slice(at, open) + inPlaceOf(text.slice(open + 1, close));
		at = close + 1;
	}
	out += text.slice(at);
	return out.replaceAll(/&(\w{1,8});/g, (whole, name: string) => entities[name] ?? whole).trim();
}

/** A block of the file; undefined for one that is no cue: NOTE, STYLE, REGION. */
function cueOf(block: string): Cue | undefined {
	const lines = block.split('\n');
	// An identifier may stand above the times (WebVTT §4.1).
	const at = lines.findIndex((line, place) => place < 2 && line.includes('-->'));
	if (at < 0) return undefined;
	const [, from, to] = timing.exec(lines[at] ?? '') ?? [];
	if (from === undefined || to === undefined) throw new CaptionsError('not-captions');
	const text = plain(lines.slice(at + 1).join('\n'));
	const cue = { from: timeOf(from), to: timeOf(to), text };
	return cue.to > cue.from && text !== '' ? cue : undefined;
}

/**
 * The cues of a WebVTT file (W3C WebVTT), in order of time; of a SubRip file too, which differs in its head and its
 * comma. Styles, positions and tags are left out. Throws `CaptionsError`: `not-captions`, `too-long`.
 */
export function parseVtt(file: string): Cue[] {
	if (file.length > vttCharsMax) throw new CaptionsError('too-long');
	const text = file.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n');
	const cues = text
		.split(/\n{2,}/)
		.filter((block) => !/^(?:WEBVTT|NOTE|STYLE|REGION)(?:\s|$)/.test(block))
		.flatMap((block) => cueOf(block) ?? []);
	if (cues.length === 0) throw new CaptionsError('not-captions');
	if (cues.length > cuesMax) throw new CaptionsError('too-long');
	return cues.toSorted((a, b) => a.from - b.from);
}

/** What is to be read at this time; several people may speak at once. */
export function cuesAt(cues: readonly Cue[], atMs: number): Cue[] {
	return cues.filter(({ from, to }) => atMs >= from && atMs < to);
}
