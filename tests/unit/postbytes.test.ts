import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { expect, test, vi } from 'vitest';
import { calendarsOf } from '../../signaling/post/calendar.ts';
import { composeMail } from '../../signaling/post/mail.ts';
import { writeAll } from '../../signaling/post/series.ts';
import { mailConfig, textConfig } from '../../signaling/post/settings.ts';
import { requestOf } from '../../signaling/post/text.ts';
import type { Letter } from '../../signaling/post/words.ts';
import { PostKind } from '../../signaling/protocol/post.ts';
import { eventsOf, textOf } from '../post.ts';

vi.setConfig({ testTimeout: 120_000 });

const from = 'visits@riverside.example';
const to = 'dana@patients.example';
const config = mailConfig('smtp://localhost:25', from);
const minuteMs = 60_000;

/** What people may type as a name or a purpose, and what would hurt if it were taken for more than that. */
const nasty = fc.constantFrom(
	'\r\nBcc: eve@evil.example\r\n\r\n<script>',
	'\nEND:VEVENT\nBEGIN:VEVENT\nATTENDEE:mailto:eve@evil.example',
	'{to}{text}&to=+1666#{link}',
	'$& $1 $` %{to} ${to} {{to}} %s',
	'Zoë 李雷 🦊 مرحبا \u202Eevil\u202C \u2028\u2029\u0085',
	'", eve@evil.example, "',
	'=?utf-8?q?=0D=0ABcc:_eve@evil.example?=',
	'\u0000\u0001\u001B[31m\u007F\uFEFF\uD800',
	'a;b,c:d\\n\\N"e"',
	'.\r\n.\r\nMAIL FROM:<eve@evil.example>',
	'very long '.repeat(400),
	'é'.repeat(3000),
);
const typed = fc
	.tuple(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), nasty, fc.boolean())
	.map(([name, more, both]) => (both ? `${name}${more}${name}` : more));
const instant = fc.integer({ min: Date.UTC(2026, 0), max: Date.UTC(2099, 0) });

const letter: fc.Arbitrary<Letter> = fc.record({
	kind: fc.constantFrom(...PostKind.options),
	practice: typed,
	host: typed,
	startsAt: instant,
	minutes: fc.integer({ min: 1, max: 1440 }),
	link: fc.constant('https://visit.example.org/j/AAAAAAAAAAAAAAAAAAAAAA'),
	notice: fc.option(
		fc.record({
			practice: typed,
			host: typed,
			purpose: typed,
			recorder: fc.constantFrom('device', 'station'),
			openers: typed,
			keptUntil: fc.option(instant),
		}),
	),
	language: fc.constantFrom('en', 'de', 'ar', 'zh-Hant', 'hi'),
	timeZone: fc.constantFrom('America/Los_Angeles', 'Asia/Kolkata', 'Pacific/Kiritimati'),
});
/** One, or several of a series. */
const letters = fc.tuple(letter, fc.integer({ min: 0, max: 3 })).map(([first, more]) => {
	const weekMs = 7 * 24 * 60 * minuteMs;
	const others = Array.from({ length: more }, (_, at) => ({
		...first,
		startsAt: first.startsAt + (at + 1) * weekMs,
	}));
	return [first, ...others] as const;
});

/** What must be in every word about a recorded session, however it was typed. */
const facts = ({ notice }: Letter): string[] =>
	notice ? [notice.practice, notice.host, notice.purpose, notice.openers].map(clean) : [];
/** As far as it can be written at all: without blanks and what is no text. */
const clean = (text: string): string =>
	text.toWellFormed().replaceAll(/[\s\p{Cc}\p{Bidi_Control}\uFFFD]/gu, '');

test('mail of every kind: nothing that was typed becomes a header, an address or an entry, and the notice is whole', async () => {
	await fc.assert(
		fc.asyncProperty(letters, async (all) => {
			const [first] = all;
			const words = writeAll(all, 'mail');
			const entries = all.map((one, at) => ({ letter: one, uid: `${at}@x`, sequence: at }));
			const calendars = calendarsOf(entries, { from, to, now: 0 });
			const raw = await composeMail(config, {
				messageId: '<a@riverside.example>',
				practice: first.practice,
				to,
				words,
				calendars,
				date: new Date(0),
			});
			const bytes = raw.toString('latin1');
			expect(bytes).toMatch(/^[\t\r\n\x20-\x7E]*$/);
			const mail = await PostalMime.parse(raw);
			expect(mail.headers.map(({ key }) => key).toSorted()).toEqual(
				[
					'auto-submitted',
					'content-type',
					'date',
					'from',
					'message-id',
					'mime-version',
					'subject',
					'to',
					...(mail.headers.some(({ key }) => key === 'content-transfer-encoding')
						? ['content-transfer-encoding']
						: []),
				].toSorted(),
			);
			expect(mail.from?.address).toBe(from);
			expect(mail.to).toMatchObject([{ address: to }]);
			expect([mail.cc ?? [], mail.bcc ?? []]).toEqual([[], []]);
			const files = mail.attachments.map(({ content }) => textOf(content));
			const events = files
				.filter((file) => file.startsWith('BEGIN:VCALENDAR'))
				.flatMap((file) => eventsOf(file));
			expect(new Set(events.map(({ uid }) => uid)).size).toBe(
				first.kind === 'reminder' ? 0 : all.length,
			);
			for (const { organizer, attendees } of events) {
				expect(organizer).toBe(`mailto:${from}`);
				expect(attendees).toBeLessThanOrEqual(1);
			}
			for (const text of facts(first)) expect(clean(mail.text ?? '')).toContain(text);
			for (const text of [mail.text ?? '', ...files]) expect(text).not.toMatch(/\/j\/[\w-]+#/);
		}),
		{ numRuns: 60 },
	);
});

test('text of every kind: the number and the words stay where the template has them, and the notice is whole', async () => {
	const number = '+15550147731';
	const kannel = textConfig('http://localhost/send?to={to}&text={text}&coding=2', undefined);
	const form = textConfig('http://localhost/send', 'To={to}&Body={text}');
	const json = textConfig('http://localhost/send', '{"to":"{to}","text":"{text}"}');
	await fc.assert(
		fc.asyncProperty(letters, async (all) => {
			const [first] = all;
			const { body } = writeAll(all, 'text');
			const values = { to: number, text: body };
			const { searchParams } = new URL(requestOf(kannel, values).url);
			const filled = new URLSearchParams(await requestOf(form, values).text());
			const parsed: unknown = JSON.parse(await requestOf(json, values).text());
			expect([...searchParams.keys()]).toEqual(['to', 'text', 'coding']);
			expect([...filled.keys()]).toEqual(['To', 'Body']);
			expect(Object.fromEntries(filled)).toEqual({ To: number, Body: body });
			expect(parsed).toEqual(values);
			expect(searchParams.get('to')).toBe(number);
			expect(searchParams.get('text')).toBe(body);
			expect(body).not.toMatch(/[\r\n]/);
			for (const text of facts(first)) expect(clean(body)).toContain(text);
		}),
		{ numRuns: 60 },
	);
});
