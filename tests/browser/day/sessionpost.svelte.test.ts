import { expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { fetchPost, remind, sendInvitations } from '#lib/post/contacts.ts';
import { settings } from '#lib/people/settings.svelte.ts';
import SessionPost from '#lib/sessions/SessionPost.svelte';
import { watch } from '#lib/sessions/watch.svelte.ts';
import type { PostMessage } from '#protocol/post.ts';
import { message } from './message.ts';
import { planned } from './planned.ts';

vi.mock('#lib/post/contacts.ts');

const place = (id: string, name: string) => ({ id, name, secret: createLinkSecret() });
const session = planned([place('dana', 'Dana Whitfield'), place('tom', 'Tom Becker')]);
const failed = message({ state: 'failed', tries: 3, error: 'refused' });

test('the page of a session says what could not be sent, and hears of it when that changes', async () => {
	vi.mocked(fetchPost).mockResolvedValue([failed]);
	await render(SessionPost, { session });
	const failure = page.getByText(/could not be delivered/);
	await expect.element(failure).toBeVisible();
	expect(fetchPost).toHaveBeenLastCalledWith('one');
	// Who was never written to has no row.
	expect(page.getByText('Tom Becker').elements()).toEqual([]);
	vi.mocked(fetchPost).mockResolvedValue([failed, { ...failed, id: 'n', state: 'sent', at: 2 }]);
	watch.posted += 1;
	await expect.element(page.getByText('Invited by e-mail')).toBeVisible();
	await expect.element(failure).not.toBeInTheDocument();
});

test('a reminder goes out from there, until the session has ended', async () => {
	vi.mocked(fetchPost).mockResolvedValue([failed]);
	vi.mocked(remind).mockResolvedValue();
	const shown = await render(SessionPost, { session });
	const button = page.getByRole('button', { name: 'Remind Dana Whitfield' });
	await button.click();
	expect(remind).toHaveBeenCalledWith('one', 'dana');
	await expect.element(page.getByText('A reminder to Dana Whitfield is on its way')).toBeVisible();
	await shown.rerender({ session: { ...session, state: 'ended' } });
	await expect.element(button).not.toBeInTheDocument();
});

test('who was never told is invited from there, once it is known that nothing was sent', async () => {
	const { promise, resolve } = Promise.withResolvers<PostMessage[]>();
	vi.mocked(fetchPost).mockReturnValueOnce(promise);
	vi.mocked(sendInvitations).mockResolvedValue();
	settings.loaded = true;
	const places = [{ ...place('dana', 'Dana Whitfield'), email: 'dana@example.org' }];
	const one = { ...session, places: [...places, place('tom', 'Tom Becker')] };
	const shown = await render(SessionPost, { session: one });
	const button = page.getByRole('button', { name: 'Send the invitation to Dana Whitfield' });
	expect(button.elements()).toEqual([]);
	resolve([]);
	await expect.element(page.getByText('Not invited yet')).toBeVisible();
	// Nobody has an address of his.
	expect(page.getByText('Tom Becker').elements()).toEqual([]);
	await shown.rerender({ session: { ...one, state: 'ended' } });
	await expect.element(button).not.toBeInTheDocument();
	await shown.rerender({ session: one });
	vi.mocked(fetchPost).mockResolvedValue([{ ...failed, state: 'sent', error: null }]);
	await button.click();
	expect(vi.mocked(sendInvitations).mock.calls[0]?.[0]).toEqual([one]);
	await expect.element(page.getByText('Invited by e-mail')).toBeVisible();
	await expect.element(button).not.toBeInTheDocument();
});
