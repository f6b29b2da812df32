import { tick } from 'svelte';
import { expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page, userEvent } from 'vitest/browser';
import Opener from './Opener.svelte';

test('a dialog says first what it is about, holds the focus and gives it back', async () => {
	const onclose = vi.fn<() => void>();
	await render(Opener, { onclose });
	const opener = page.getByRole('button', { name: 'Compare' });
	await opener.click();
	const dialog = page.getByRole('dialog', { name: 'Compare these numbers' });
	await expect.element(dialog).toBeVisible();
	await expect.element(page.getByRole('heading', { name: 'Compare these numbers' })).toHaveFocus();
	await userEvent.keyboard('{Escape}');
	await expect.element(dialog).not.toBeInTheDocument();
	await expect.element(opener).toHaveFocus();
	expect(onclose).toHaveBeenCalledTimes(1);
});

test('a button inside closes it', async () => {
	const onclose = vi.fn<() => void>();
	await render(Opener, { onclose });
	await page.getByRole('button', { name: 'Compare' }).click();
	await page.getByRole('button', { name: 'They match' }).click();
	await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
	expect(onclose).toHaveBeenCalledTimes(1);
});

test('whoever opens it again right after Escape is not shut out by the closing before', async () => {
	const onclose = vi.fn<() => void>();
	await render(Opener, { onclose });
	const opener = page.getByRole('button', { name: 'Compare' });
	await opener.click();
	const dialog = document.querySelector('dialog');
	const late = new Promise((resolve) => dialog?.addEventListener('close', resolve));
	// What Escape does.
	dialog?.requestClose();
	await tick();
	opener.element().dispatchEvent(new MouseEvent('click', { bubbles: true }));
	await late;
	await tick();
	await expect.element(page.getByRole('heading', { name: 'Compare these numbers' })).toHaveFocus();
	expect(onclose).toHaveBeenCalledTimes(1);
});
