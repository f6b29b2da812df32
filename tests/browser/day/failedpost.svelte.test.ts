import { expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { Delivery, sortPost } from '#lib/sessions/delivery.svelte.ts';
import FailedPost from '#lib/sessions/FailedPost.svelte';
import { fetchOne } from '#lib/sessions/roll.ts';
import { openPlace } from '#lib/sessions/session.ts';
import { formatDate } from '#lib/ui/dates.ts';
import type { PostMessage } from '#protocol/post.ts';
import type { Session } from '#protocol/sessions.ts';
import { message } from './message.ts';
import { planned } from './planned.ts';

vi.mock('#lib/sessions/roll.ts');
vi.mock('#lib/sessions/session.ts');

const dana = { id: 'dana', name: 'Dana Whitfield', secret: createLinkSecret() };
const lea = { id: 'lea', name: 'Lea Brandt', secret: createLinkSecret() };
const today = planned([dana]);
const startsAt = Date.UTC(2026, 10, 25, 12);
const stored = (id: string, place: string): Session => ({
	id,
	host: 'maya',
	startsAt,
	minutes: 50,
	state: 'planned',
	generation: 0,
	createdAt: 0,
	endedAt: null,
	cancelled: false,
	notice: null,
	sealed: '',
	places: [{ id: place, sealed: '' }],
});
const failed = (id: string, over: Partial<PostMessage>) =>
	message({ id, state: 'failed', error: 'address', ...over });

function show(messages: readonly PostMessage[]) {
	const delivery = new Delivery();
	delivery.byPlace = sortPost(messages);
	return render(FailedPost, { delivery, rows: [{ session: today }] });
}

const links = () =>
	page
		.getByRole('link')
		.elements()
		.map((link) => [link.textContent, link.getAttribute('href')]);

test('messages are counted, and a person is named once', async () => {
	await show([failed('a', {}), failed('b', { way: 'text' })]);
	await expect.element(page.getByText('Messages that could not be delivered: 2')).toBeVisible();
	expect(links()).toEqual([['Dana Whitfield', '/sessions/one']]);
	expect(fetchOne).not.toHaveBeenCalled();
});

test('who is on another day is named with the day, or the day alone', async () => {
	vi.mocked(fetchOne).mockImplementation(async (id) => {
		if (id === 'gone') throw new Error('offline');
		return stored(id, id === 'two' ? 'lea' : 'tom');
	});
	vi.mocked(openPlace).mockImplementation(async (_session, { id }) => {
		if (id === 'tom') throw new Error('not for these keys');
		return lea;
	});
	await show([
		failed('a', { at: 9 }),
		failed('b', { session: 'two', place: 'lea', at: 8 }),
		failed('c', { session: 'three', place: 'tom', at: 7 }),
		failed('d', { session: 'gone', place: 'noor', at: 6 }),
	]);
	await expect.element(page.getByText('Messages that could not be delivered: 4')).toBeVisible();
	await expect.poll(links).toEqual([
		['Dana Whitfield', '/sessions/one'],
		[`Lea Brandt, ${formatDate(startsAt)}`, '/sessions/two'],
		[`A session on ${formatDate(startsAt)}`, '/sessions/three'],
		['A session that is not in the list below', '/sessions/gone'],
	]);
});
