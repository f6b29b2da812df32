import { beforeEach, expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import Regrant from '#lib/recordings/Regrant.svelte';

const fake = vi.hoisted(() => ({
	lost: new Map<string, string[]>(),
	waiting: new Map<string, (opened: boolean) => void>(),
}));
vi.mock('#lib/account/account.svelte.ts', () => ({ account: { members: { version: 2 } } }));
vi.mock('#lib/people/people.svelte.ts', () => ({
	people: { nameOf: (id: string) => (id === 'una' ? 'Una Brandt' : undefined) },
}));
vi.mock('#lib/recordings/regrant.ts', () => ({
	comebacks: () => [...fake.lost.keys()].map((id) => ({ id })),
	lostBy: ({ id }: { id: string }) =>
		Promise.resolve((fake.lost.get(id) ?? []).map((recording) => ({ recording, grants: [] }))),
	regrant: ({ recording }: { recording: string }) =>
		new Promise<boolean>((resolve) => void fake.waiting.set(recording, resolve)),
}));

beforeEach(() => {
	fake.lost.clear();
	fake.waiting.clear();
});

/** The next recording is done, with this outcome. */
async function done(recording: string, opened: boolean): Promise<void> {
	await vi.waitFor(() => expect(fake.waiting.has(recording)).toBe(true));
	fake.waiting.get(recording)?.(opened);
}

test('nobody came back: there is nothing to see', async () => {
	fake.lost.set('una', []);
	const { container } = await render(Regrant);
	await expect.element(page.elementLocator(container)).toHaveTextContent('');
	expect(page.getByRole('button').query()).toBeNull();
});

test('recordings are opened again on a press, with progress, and it says how many', async () => {
	fake.lost.set('una', ['a', 'b', 'c', 'd']);
	await render(Regrant);
	await page.getByRole('button', { name: 'Let Una Brandt open 4 recordings again' }).click();
	const progress = page.getByRole('progressbar', { name: 'Wrapping keys for Una Brandt' });
	await expect.element(progress).toBeVisible();
	await done('a', true);
	await done('b', true);
	await expect.element(page.getByText('50 %')).toBeVisible();
	await done('c', false);
	await done('d', true);
	await expect.element(page.getByText('Una Brandt can open 3 of 4 again.')).toBeVisible();
	await expect.element(progress).not.toBeInTheDocument();
});

test('one recording is said to be one', async () => {
	fake.lost.set('una', ['a']);
	await render(Regrant);
	const button = page.getByRole('button', { name: 'Let Una Brandt open 1 recording again' });
	await expect.element(button).toBeVisible();
});
