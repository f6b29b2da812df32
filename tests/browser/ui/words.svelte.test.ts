import * as v from 'valibot';
import { expect, test } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import { CryptoError } from '#crypto/errors.ts';
import { ApiError } from '#lib/net/errors.ts';
import Failure from '#lib/ui/Failure.svelte';
import StateChip from '#lib/ui/StateChip.svelte';
import Trust from '#lib/ui/Trust.svelte';
import { wordsFor } from '#lib/ui/words.ts';
import { ErrorCode } from '#protocol/errors.ts';

test('every code of the server has two sentences of its own, and no code is shown alone', () => {
	const known = ErrorCode.options.map((code) => wordsFor(new ApiError(code)));
	for (const { what, next } of known) {
		expect(what).toMatch(/^[A-Z].{8,}[^.]$/);
		expect(next).toMatch(/^[A-Z].{8,}\.$/);
	}
	expect(known.map(({ code }) => code)).toEqual(ErrorCode.options);
	expect(v.is(ErrorCode, 'unexpected')).toBe(false);
});

test('a failure is spoken at once, with its code in small print', async () => {
	await render(Failure, { error: new CryptoError('wrong-recovery-key') });
	const alert = page.getByRole('alert');
	await expect
		.element(alert.getByText('This is not the recovery key of this account'))
		.toBeVisible();
	await expect.element(alert.getByText(/Nothing was changed/)).toBeVisible();
	await expect.element(alert.getByText('wrong-recovery-key')).toBeVisible();
});

test('what nobody knows is said as such, without what it says', async () => {
	await render(Failure, { error: new Error('Dana Whitfield') });
	const alert = page.getByRole('alert');
	await expect.element(alert.getByText('unexpected', { exact: true })).toBeVisible();
	expect(alert.element().textContent).not.toContain('Dana');
});

test.for([
	['off', 'Not recording'],
	['on', 'Recording'],
	['paused', 'Recording paused'],
	['ended', 'Recording ended'],
] as const)('the state %s is said in the same words everywhere', async ([is, words]) => {
	await render(StateChip, { is, detail: '12:04' });
	await expect.element(page.getByRole('status', { name: words, exact: true })).toBeVisible();
	await expect.element(page.getByText(words, { exact: true })).toBeVisible();
});

test('a crash says where it stopped and what is kept', async () => {
	await render(StateChip, { is: 'ended', crashedAt: '52:10' });
	const name = 'Recording stopped unexpectedly at 52:10';
	await expect.element(page.getByRole('status', { name })).toBeVisible();
	await expect.element(page.getByText('Everything up to there is intact.')).toBeVisible();
});

test.for([
	[0, 'Encrypted, identity not checked'],
	[1, 'Joined with your private link'],
	[2, 'Access code confirmed'],
	[3, 'Same browser as on 3 November 2026'],
	[4, 'Compared by voice'],
] as const)('trust %i has its words, and as many beads', async ([level, words]) => {
	const { container } = await render(Trust, { level, date: '3 November 2026' });
	await expect.element(page.getByText(words)).toBeVisible();
	expect(container.querySelectorAll('rect[fill="currentColor"]')).toHaveLength(level);
});
