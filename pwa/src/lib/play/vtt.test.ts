import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { CaptionsError } from './captionserror.ts';
import { cuesAt, parseVtt } from './vtt.ts';

const file = `\uFEFFWEBVTT - a talk\r
Kind: captions\r
\r
STYLE\r
::cue { color: red }\r
\r
NOTE nobody sees this\r
\r
intro\r
00:01.000 --> 00:04.500 align:start line:90%\r
<v Maya>How <i>are</i> you &amp; yours?</v>\r
\r
01:00:02.250 --> 01:00:03.000\r
- Well.\r
- <c.loud>Good</c>\r
`;

function refusalOf(text: string): unknown {
	try {
		parseVtt(text);
		return undefined;
	} catch (error) {
		return error;
	}
}

test('cues have their times, names and plain words', () => {
	expect(parseVtt(file)).toEqual([
		{ from: 1_000, to: 4_500, text: 'Maya: How are you & yours?' },
		{ from: 3_602_250, to: 3_603_000, text: '- Well.\n- Good' },
	]);
});

test('a SubRip file is read as well', () => {
	const subrip =
		'1\n00:00:01,000 --> 00:00:02,000\nHello.\n\n2\n00:00:00,500 --> 00:00:00,900\nOh.\n';
	expect(parseVtt(subrip).map(({ from, text }) => [from, text])).toEqual([
		[500, 'Oh.'],
		[1_000, 'Hello.'],
	]);
});

test('what is no file of captions is refused with a code, whatever it is', () => {
	expect(() => parseVtt('WEBVTT\n\n00:01 --> 00:02\nno')).toThrow('not-captions');
	expect(() => parseVtt('')).toThrow('not-captions');
	expect(() => parseVtt(' '.repeat(5 * 1024 * 1024))).toThrow('too-long');
	fc.assert(
		fc.property(fc.string(), fc.string(), (head, text) => {
			const said = refusalOf(`${head}\n\n00:00.000 --> 00:01.000\n${text}`);
			expect(said === undefined || said instanceof CaptionsError).toBe(true);
		}),
	);
});

/** A file of one cue that says `text`. */
const cue = (text: string) => parseVtt(`WEBVTT\n\n00:01.000 --> 00:02.000\n${text}`);

test('tags that never end are read once', () => {
	const size = 4_000_000;
	const open = '<'.repeat(size);
	expect(cue(open)).toEqual([{ from: 1_000, to: 2_000, text: open }]);
	expect(cue(`<v${' '.repeat(size)}.`)[0]?.text).toHaveLength(size + 3);
	expect(cue(`${'<v '.repeat(size / 4)}>Hello`)[0]?.text).toMatch(/: Hello$/);
	expect(cue(`<v.loud Maya>&${'amp'.repeat(size / 4)}; you`)[0]?.text).toMatch(/^Maya: &amp/);
});

test('at a time there is what is said then', () => {
	const cues = parseVtt(file);
	expect(cuesAt(cues, 999)).toEqual([]);
	expect(cuesAt(cues, 1_000)).toHaveLength(1);
	expect(cuesAt(cues, 4_500)).toEqual([]);
});
