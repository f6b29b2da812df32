import { expect, test } from 'vitest';
import { ApiError } from '#lib/net/errors.ts';
import { becameWords, failedWords, remindWords } from '#lib/post/words.ts';
import { sortPost } from '#lib/sessions/delivery.svelte.ts';
import { PostError, type PostMessage, PostWay } from '#protocol/post.ts';

const message = (over: Partial<PostMessage>): PostMessage => ({
	id: 'm',
	session: 'one',
	place: 'dana',
	kind: 'invitation',
	way: 'mail',
	state: 'failed',
	at: Date.UTC(2026, 10, 25, 20, 30),
	tries: 1,
	error: null,
	...over,
});

test('every reason has words of its own, by mail and by text', () => {
	const said = PostWay.options.flatMap((way) =>
		PostError.options.map((error) => failedWords(message({ way, error }))),
	);
	expect(new Set(said).size).toBe(said.length);
	expect(failedWords(message({ error: 'address' }))).toContain('Mailbox unknown');
	expect(failedWords(message({ error: 'refused' }))).toContain('The mail server refused it');
	expect(failedWords(message({ error: 'unreachable' }))).toContain('Cannot reach the mail server');
	expect(failedWords(message({ way: 'text', error: 'unreachable' }))).toContain('text messages');
});

test('what is tried again is said with its reason and the next try, and is no failure yet', () => {
	const again = message({ state: 'waiting', error: 'unreachable' });
	expect(failedWords(again)).toMatch(
		/^The e-mail is not out yet\. Cannot reach the mail server\. Next try at \d+:\d\d/,
	);
	const planned = message({ id: 'p', kind: 'reminder', state: 'waiting' });
	expect(sortPost([planned, again]).get('dana')?.failed).toEqual([again]);
	expect(sortPost([planned]).get('dana')?.failed).toEqual([]);
});

test('what was held: sent, dropped or failed since', () => {
	expect(becameWords(message({ state: 'sent' }))).toMatch(/^Went out by itself: /);
	expect(becameWords(message({ state: 'dropped' }))).toMatch(/^Dropped: /);
	expect(becameWords(message({ error: 'address' }))).toContain('Mailbox unknown');
	expect(becameWords(message({ state: 'waiting' }))).toMatch(/^Goes out by itself, from \d/);
});

test('whoever reminds twice in a minute is told when it is possible again', () => {
	const { what, next } = remindWords(new ApiError('slow-down', { next: 42 }));
	expect(`${what}. ${next}`).toBe(
		'Reminded less than a minute ago. You can remind again in 42 seconds.',
	);
	expect(remindWords(new ApiError('session-ended')).code).toBe('session-ended');
});
