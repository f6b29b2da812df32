import { beforeEach, expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { accessCodes } from '#lib/code/codes.svelte.ts';
import { Delivery, sortPost } from '#lib/sessions/delivery.svelte.ts';
import PersonRow from '#lib/sessions/PersonRow.svelte';
import type { Whereabouts } from '#lib/sessions/whereabouts.ts';
import type { PostMessage } from '#protocol/post.ts';
import { message } from './message.ts';
import { planned } from './planned.ts';

const place = { id: 'dana', name: 'Dana Whitfield', secret: createLinkSecret() };
const session = planned([place]);

// Nobody is signed in here.
beforeEach(() => void vi.spyOn(accessCodes, 'resume').mockResolvedValue());

function show(where: Whereabouts, messages: readonly PostMessage[] = []) {
	const delivery = new Delivery();
	delivery.byPlace = sortPost(messages);
	const props = { session, place, where, begun: false, delivery };
	return { delivery, shown: render(PersonRow, props) };
}

const connect = page.getByRole('button', { name: 'Connect Dana Whitfield' });
const remind = page.getByRole('button', { name: 'Remind Dana Whitfield' });

test('who is not here cannot be connected, and it says why', async () => {
	await show({ is: 'away' }).shown;
	await expect.element(connect).toBeDisabled();
	await expect.element(connect).toHaveAccessibleDescription('not here yet');
});

test('who is late is called late, in words', async () => {
	await show({ is: 'late', minutes: 4 }).shown;
	await expect.element(page.getByText('Late: the session began 4 minutes ago')).toBeVisible();
});

test('without a contact nobody can be reminded, so there is no button', async () => {
	await show({ is: 'late', minutes: 4 }).shown;
	await expect.element(remind).not.toBeInTheDocument();
});

test('who is here is neither connected from the list nor reminded', async () => {
	await show({ is: 'waiting', since: 0 }, [message({})]).shown;
	await expect.element(page.getByText(/^Waiting since/)).toBeVisible();
	await expect.element(connect).not.toBeInTheDocument();
	await expect.element(remind).not.toBeInTheDocument();
});

test('who is missing is called by phone, until the session ended', async () => {
	const phone = page.getByRole('link', { name: 'Call Dana Whitfield by phone' });
	const { rerender } = await show({ is: 'late', minutes: 4 }).shown;
	await expect.element(phone).not.toBeInTheDocument();
	await rerender({ place: { ...place, mobile: '+1 555 014-7731' } });
	await expect.element(phone).toHaveAttribute('href', 'tel:+15550147731');
	// Before it begins nobody is missing; once the others have begun, whoever is not there is.
	await rerender({ where: { is: 'away' } });
	await expect.element(phone).not.toBeInTheDocument();
	await rerender({ begun: true });
	await expect.element(phone).toBeVisible();
	await rerender({ where: { is: 'ended' } });
	await expect.element(phone).not.toBeInTheDocument();
});

test('a code can be shown until its person is in the call, whoever knocks at her place', async () => {
	const code = page.getByRole('button', { name: 'Show access code for Dana Whitfield' });
	const { rerender } = await show({ is: 'waiting', since: 0 }).shown;
	await expect.element(code).toBeVisible();
	await rerender({ where: { is: 'away' } });
	await expect.element(code).toBeVisible();
	await rerender({ where: { is: 'in-call' } });
	await expect.element(code).not.toBeInTheDocument();
	await rerender({ where: { is: 'ended' } });
	await expect.element(code).not.toBeInTheDocument();
});

test('what could not be delivered is said with its reason until the same way works again', async () => {
	const failed = message({ state: 'failed', error: 'address', at: 5 });
	await show({ is: 'away' }, [message({ way: 'text' }), failed]).shown;
	await expect.element(page.getByText(/^The e-mail could not be delivered/)).toBeVisible();
	await expect.element(page.getByText(/Mailbox unknown/)).toBeVisible();
	await expect.element(page.getByText('Invited by text message')).toBeVisible();
	const again = message({ id: 'n', kind: 'reminder', at: 9 });
	expect(sortPost([failed, again]).get('dana')?.failed).toEqual([]);
	expect(sortPost([{ ...again, way: 'text' }, failed]).get('dana')?.failed).toEqual([failed]);
	const coming = message({ id: 'p', kind: 'reminder', state: 'waiting', at: 99 });
	expect(sortPost([failed, coming]).get('dana')?.failed).toEqual([failed]);
});

test('a reminder is asked for once, and what came of it is said', async () => {
	const { delivery, shown } = show({ is: 'away' }, [message({})]);
	const asked = vi.spyOn(delivery, 'remind').mockResolvedValue();
	await shown;
	await remind.click();
	expect(asked).toHaveBeenCalledExactlyOnceWith('one', 'dana');
	delivery.reminders = new Map([['dana', 'sent']]);
	const status = page.getByText('A reminder to Dana Whitfield is on its way');
	await expect.element(status).toBeVisible();
	delivery.reminders = new Map([['dana', 'sending']]);
	await remind.click({ force: true });
	expect(asked).toHaveBeenCalledOnce();
});

test('the history of a person is a link, and her name is not in its address', async () => {
	await show({ is: 'away' }).shown;
	const link = page.getByRole('link', { name: 'History of Dana Whitfield' });
	await expect.element(link).toHaveAttribute('href', '/practice/history?session=one&place=dana');
});
