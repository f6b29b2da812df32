import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { ApiError } from '#lib/net/errors.ts';
import { stepMsOf } from '#lib/play/sound.ts';
import type { Levels } from '#lib/play/levels.ts';
import { type Note, captionsOf, cuesOf, fits, levelsOf, waveformOf } from './beside.ts';
import {
	type Change,
	type Page,
	type Shelf,
	Clash,
	applied,
	newest,
	undone,
	write,
} from './notes.ts';

const newId = () => toBase64url(random(16));
const noteAt = (atMs: number, text = `at ${atMs}`): Note => ({
	id: newId(),
	kind: 'note',
	atMs,
	text,
});
const add = (note: Note): Change => ({ id: note.id, before: undefined, after: note });

/** One text that several devices write, as the server keeps it. */
function sharedShelf(): Shelf & { page: Page } {
	const shelf = {
		page: { version: 0, author: undefined, at: undefined, items: [] } satisfies Page as Page,
		read: () => Promise.resolve(shelf.page),
		write: async (before: number, items: readonly Note[]) => {
			await Promise.resolve();
			if (shelf.page.version !== before) throw new ApiError('conflict');
			shelf.page = { ...shelf.page, version: before + 1, items };
		},
	};
	return shelf;
}

test('what several people write at once is all there in the end', async () => {
	await fc.assert(
		fc.asyncProperty(fc.array(fc.nat(9_000), { minLength: 1, maxLength: 5 }), async (times) => {
			const shelf = sharedShelf();
			const empty = shelf.page;
			const notes = times.map((atMs) => noteAt(atMs));
			await Promise.all(notes.map((note) => write(shelf, empty, add(note))));
			expect(new Set(shelf.page.items)).toEqual(new Set(notes));
			const order = shelf.page.items.map(({ atMs }) => atMs);
			expect(order).toEqual(order.toSorted((a, b) => a - b));
		}),
	);
});

test('a note that somebody else changed meanwhile is not overwritten', async () => {
	const shelf = sharedShelf();
	const note = noteAt(1_000, 'first');
	const first = await write(shelf, shelf.page, add(note));
	const theirs = { ...note, text: 'theirs' };
	await write(shelf, first, { id: note.id, before: note, after: theirs });
	const mine = { id: note.id, before: note, after: { ...note, text: 'mine' } };
	const failure = await write(shelf, first, mine).catch((error: unknown) => error);
	expect(failure).toBeInstanceOf(Clash);
	expect(failure).toMatchObject({ mine, theirs });
	expect(shelf.page.items).toEqual([theirs]);
	// Whoever looked at both may still decide for hers.
	const decided = await newest(shelf, first.version);
	await write(shelf, decided, { ...mine, before: theirs });
	expect(shelf.page.items).toEqual([mine.after]);
	const gone = await write(shelf, shelf.page, {
		id: note.id,
		before: mine.after,
		after: undefined,
	});
	expect(() => applied(gone.items, { ...mine, before: mine.after })).not.toThrow(TypeError);
	expect(() => applied(gone.items, { ...mine, before: theirs })).toThrow(Clash);
});

test('every change can be taken back', () => {
	fc.assert(
		fc.property(
			fc.array(fc.tuple(fc.nat(5), fc.option(fc.nat(9_000), { nil: undefined })), {
				maxLength: 30,
			}),
			(wishes) => {
				let items: readonly Note[] = [];
				const ids = Array.from({ length: 6 }, newId);
				const done: Change[] = [];
				const states = [items];
				for (const [which, atMs] of wishes) {
					const id = ids[which] ?? '';
					const before = items.find((note) => note.id === id);
					const after = atMs === undefined ? undefined : { ...noteAt(atMs), id };
					const change = { id, before, after };
					items = applied(items, change);
					done.push(change);
					states.push(items);
				}
				for (const change of done.toReversed()) {
					states.pop();
					items = applied(items, undone(change));
					expect(items).toEqual(states.at(-1));
				}
			},
		),
	);
});

test('an older page than was seen is refused', async () => {
	const shelf = sharedShelf();
	const first = shelf.page;
	await write(shelf, first, add(noteAt(5)));
	shelf.page = first;
	await expect(newest(shelf, 1)).rejects.toThrow('stale');
});

test('captions and waveforms come back as they were kept', () => {
	const cues = [{ from: 1, to: 2_000, text: 'Ja — "so"\nist es' }];
	expect(cuesOf(captionsOf(cues))).toEqual(cues);
	const levels = new Map<string, Levels>([
		[newId(), { stepMs: 100, values: Uint8Array.of(0, 9, 255) }],
	]);
	expect(levelsOf(waveformOf(levels))).toEqual(levels);
});

test('an hour of six people fits into one sealed text, a novel does not', () => {
	const durationMs = 3_600_000;
	const values = new Uint8Array(durationMs / stepMsOf(durationMs, 6)).fill(77);
	const hour = Array.from({ length: 6 }, (): [string, Levels] => [
		newId(),
		{ stepMs: 100, values },
	]);
	expect(fits(waveformOf(new Map(hour)))).toBe(true);
	expect(fits(captionsOf([{ from: 0, to: 1, text: 'ä'.repeat(200_000) }]))).toBe(false);
});
