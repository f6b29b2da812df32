import { expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import Copyable from '#lib/ui/Copyable.svelte';
import Field from '#lib/ui/Field.svelte';
import Progress from '#lib/ui/Progress.svelte';

test('a field is found by its label, and its hint and error describe it', async () => {
	await render(Field, {
		label: 'Email',
		value: 'x',
		hint: 'Of your practice.',
		error: 'No sign @.',
	});
	const field = page.getByRole('textbox', { name: 'Email', exact: true });
	await expect.element(field).toHaveAccessibleDescription('Of your practice. No sign @.');
	await expect.element(field).toHaveAttribute('aria-invalid', 'true');
});

test('a field without an error says none', async () => {
	await render(Field, { label: 'Email', value: '' });
	const field = page.getByRole('textbox', { name: 'Email' });
	await expect.element(field).not.toHaveAttribute('aria-invalid');
	await expect.element(field).not.toHaveAttribute('aria-describedby');
});

test('a link can be read and copied, not changed', async () => {
	const write = vi.spyOn(navigator.clipboard, 'writeText').mockResolvedValue();
	await render(Copyable, {
		label: 'Link for Dana',
		button: 'Copy link for Dana',
		value: 'https://sotto.example/j/1#2',
	});
	await expect
		.element(page.getByRole('textbox', { name: 'Link for Dana' }))
		.toHaveAttribute('readonly');
	await page.getByRole('button', { name: 'Copy link for Dana' }).click();
	expect(write).toHaveBeenCalledWith('https://sotto.example/j/1#2');
	await expect.element(page.getByRole('status')).toHaveTextContent('Copied');
});

test('long work shows how far it is and can be cancelled', async () => {
	const oncancel = vi.fn<() => void>();
	await render(Progress, {
		label: 'Export',
		value: 0.629,
		detail: 'You can leave this page.',
		oncancel,
	});
	const bar = page.getByRole('progressbar', { name: 'Export' });
	await expect.element(bar).toHaveAttribute('value', '0.629');
	await expect.element(page.getByText('62 %, You can leave this page.')).toBeVisible();
	await page.getByRole('button', { name: 'Cancel' }).click();
	expect(oncancel).toHaveBeenCalledOnce();
});
