import { expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import RecoveryKey from '#lib/account/RecoveryKey.svelte';

const recoveryKey = 'K7QM 2XHD 9TRW 0F4P ZC8N GV3J 5BYE H6SA';

test('the recovery key can be read out of its region, groups apart', async () => {
	await render(RecoveryKey, { recoveryKey, onsaved: vi.fn<() => void>() });
	const region = page.getByRole('region', { name: 'Recovery key' });
	await expect.element(region).toHaveTextContent(recoveryKey);
	const element = region.element();
	expect(element.textContent?.trim()).toBe(recoveryKey);
	expect(element instanceof HTMLElement && element.innerText.trim()).toBe(recoveryKey);
});

test('nobody passes with another last group, and small letters will do', async () => {
	const onsaved = vi.fn<() => void>();
	await render(RecoveryKey, { recoveryKey, onsaved });
	const last = page.getByRole('textbox', { name: 'Type the last group' });
	const button = page.getByRole('button', { name: 'I have saved it' });
	await last.fill('5BYE');
	await button.click();
	await expect.element(last).toHaveAttribute('aria-invalid', 'true');
	expect(onsaved).not.toHaveBeenCalled();
	await last.fill('h6sa');
	await button.click();
	expect(onsaved).toHaveBeenCalledOnce();
});
