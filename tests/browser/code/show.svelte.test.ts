import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import ShowCode from '#lib/code/ShowCode.svelte';
import { type ShownCode, accessCodes } from '#lib/code/codes.svelte.ts';
import { said } from '#lib/code/said.ts';

// Nobody is signed in here.
beforeEach(() => void vi.spyOn(accessCodes, 'resume').mockResolvedValue());
afterEach(() => {
	vi.restoreAllMocks();
	accessCodes.shown = new Map();
});

const live: ShownCode = {
	nameplate: '123',
	digits: '123 456 789',
	until: 0,
	left: 3,
	state: 'live',
	busy: false,
	refused: false,
};

function show(code?: Partial<ShownCode>) {
	accessCodes.now = 1_000_000;
	const one = { ...live, until: accessCodes.now + 29.5 * 60_000, ...code };
	if (code) accessCodes.shown = new Map([['dana', one]]);
	const place = { id: 'dana', name: 'Dana Whitfield' };
	return render(ShowCode, { session: 'one', place });
}

const region = page.getByRole('region', { name: 'Access code for Dana Whitfield' });

test('the digits are read one by one, in groups, and the time and tries that are left are said', async () => {
	await show({});
	await expect.element(region.getByText('1 2 3, 4 5 6, 7 8 9')).toBeInTheDocument();
	await expect.element(region.getByText('123 456 789')).toHaveAttribute('aria-hidden', 'true');
	await expect.element(region.getByText(/Works for 29 more min/)).toBeVisible();
	await expect.element(region.getByText(/Wrong tries left: 3/)).toBeVisible();
	await expect.element(region.getByText(/right now/)).not.toBeInTheDocument();
});

test('a try in progress is said', async () => {
	await show({ busy: true, left: 2 });
	await expect.element(region.getByText(/Somebody is entering it right now/)).toBeVisible();
});

test('a code that is over shows no digits, says why and what next, under the same button', async () => {
	const words = {
		burnt: [/Three wrong tries/, /show a new one and read it out again/],
		expired: [/This code is too old/, /Show a new one\./],
		used: [/Access code confirmed/, /It works once\./],
	} as const;
	for (const state of ['burnt', 'expired', 'used'] as const) {
		const { unmount } = await show({ state });
		for (const text of words[state]) await expect.element(region.getByText(text)).toBeVisible();
		await expect.element(page.getByText('123 456 789')).not.toBeInTheDocument();
		const again = page.getByRole('button', { name: /^Show access code for Dana Whitfield/ });
		expect(again.element().textContent.trim()).toBe('Show a new code');
		await unmount();
	}
});

test('in a flood a short code says to show a new one, and a long one that it works', async () => {
	vi.spyOn(accessCodes, 'flooded', 'get').mockReturnValue(true);
	const { unmount } = await show({});
	const name = 'Somebody tries codes that you did not give out';
	const note = region.getByRole('status', { name });
	await expect.element(note.getByText(/Show a new one: it has twelve digits/)).toBeVisible();
	await unmount();
	await show({ nameplate: '123456', digits: '123 456 789 012' });
	await expect.element(note.getByText(/This code is longer and works\./)).toBeVisible();
});

test('nothing is shown before the button is pressed', async () => {
	await show();
	await expect.element(region).not.toBeInTheDocument();
	const button = page.getByRole('button', { name: 'Show access code for Dana Whitfield' });
	await expect.element(button).toBeVisible();
});

test('each way in which a code leads nowhere has words of its own', () => {
	const texts = [
		said({ state: 'bad' }),
		said({ state: 'wrong', left: 1 }),
		said({ state: 'burnt' }),
		said({ state: 'expired' }),
		said({ state: 'unknown' }),
		said({ state: 'busy' }),
		said({ state: 'lost' }),
		said({ state: 'away', place: 'dana' }),
		said({ state: 'rest', seconds: 61 }),
		said({ state: 'too-many', seconds: 0 }),
	];
	expect(new Set(texts.map((one) => one?.title)).size).toBe(texts.length);
	expect(texts.at(-2)?.text).toContain('wait 2 min');
	expect(texts.at(-1)?.text).toContain('wait 1 min');
});
