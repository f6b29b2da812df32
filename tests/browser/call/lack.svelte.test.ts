import { afterEach, expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { Devices } from '#lib/call/devices.svelte.ts';
import View from '#lib/call/ui/Devices.svelte';

afterEach(() => vi.restoreAllMocks());

test('who waits reads what this browser cannot do, before anything is switched on', async () => {
	vi.spyOn(document, 'pictureInPictureEnabled', 'get').mockReturnValue(false);
	const screen = await render(View, { devices: new Devices() });
	const list = screen.getByRole('list', { name: 'The call works in this browser, but for this:' });
	await expect
		.element(list.getByRole('listitem'))
		.toHaveTextContent('No picture can be shown in a small window of its own.');
	await expect.element(screen.getByText(/Nothing is switched on yet/)).toBeVisible();
});

test('where nothing is missing nothing is said', async () => {
	vi.spyOn(document, 'pictureInPictureEnabled', 'get').mockReturnValue(true);
	const screen = await render(View, { devices: new Devices() });
	await expect.element(screen.getByText(/Nothing is switched on yet/)).toBeVisible();
	expect(screen.getByText(/but for this/).query()).toBeNull();
});
