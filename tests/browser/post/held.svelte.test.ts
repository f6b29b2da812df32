import { afterEach, expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import Held from '#lib/post/Held.svelte';

afterEach(() => vi.restoreAllMocks());

const message = {
	id: 'a',
	session: 'b',
	place: 'c',
	kind: 'invitation',
	way: 'mail',
	state: 'held',
	at: 0,
	tries: 0,
	error: null,
	to: 'dana@patients.example',
	subject: 'Your video session',
	body: 'You are invited.',
} as const;

test('the calendar entry of a mail that is held is saved under a name that names nobody', async () => {
	const blobs: Blob[] = [];
	const names: string[] = [];
	vi.spyOn(URL, 'createObjectURL').mockImplementation((file) => {
		if (file instanceof Blob) blobs.push(file);
		return 'blob:entry';
	});
	vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function click(
		this: HTMLAnchorElement,
	) {
		names.push(this.download);
	});
	await render(Held, { message: { ...message, calendar: 'BEGIN:VCALENDAR' } });
	await page.getByRole('button', { name: 'Save the calendar entry' }).click();
	expect(names).toEqual(['session.ics']);
	expect(await blobs[0]?.text()).toBe('BEGIN:VCALENDAR');
});

test('a message without one offers none', async () => {
	await render(Held, { message: { ...message, calendar: null } });
	await expect.element(page.getByRole('button', { name: 'Copy the message' })).toBeVisible();
	expect(page.getByRole('button', { name: 'Save the calendar entry' }).query()).toBeNull();
});
