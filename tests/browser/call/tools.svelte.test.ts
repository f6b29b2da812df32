import { SvelteMap } from 'svelte/reactivity';
import { afterEach, expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import { Devices } from '#lib/call/devices.svelte.ts';
import { Group } from '#lib/call/group.svelte.ts';
import { shortcutOf } from '#lib/call/shortcuts.ts';
import { showSmall } from '#lib/call/small.ts';
import ByPhone from '#lib/call/ui/ByPhone.svelte';
import DeviceMenus from '#lib/call/ui/DeviceMenus.svelte';
import News from '#lib/call/ui/News.svelte';
import NotAgreed from '#lib/call/ui/NotAgreed.svelte';
import PersonTools from '#lib/call/ui/PersonTools.svelte';
import Roster from '#lib/call/ui/Roster.svelte';
import Shortcuts from '#lib/call/ui/Shortcuts.svelte';
import Video from '#lib/call/ui/Video.svelte';
import WeakLine from '#lib/call/ui/WeakLine.svelte';
import type { RosterRow, Tile } from '#lib/call/view.ts';
import { keepAwake } from '#lib/call/wake.ts';

// The small tools of a call, each as the component or the function that the call itself uses.
const closing: (() => void)[] = [];
afterEach(() => {
	for (const close of closing.splice(0)) close();
	vi.restoreAllMocks();
	vi.unstubAllGlobals();
});

const tile = (change: Partial<Tile> = {}): Tile => ({
	key: 'key-1',
	seat: 'seat-1',
	name: 'Ines Becker',
	stream: new MediaStream(),
	link: 'connected',
	since: 0,
	microphone: true,
	camera: true,
	screen: false,
	...change,
});
const row = (change: Partial<RosterRow> = {}): RosterRow => ({
	key: 'key-1',
	name: 'Ines Becker',
	role: 'participant',
	me: false,
	present: true,
	agreed: null,
	trust: { level: 1 },
	keyChanged: false,
	...change,
});

function groupOf(tiles: readonly Tile[] = [tile()]): Group {
	const links = {
		tiles: new SvelteMap(tiles.map((one) => [one.key, one])),
		sendDirect: async () => true,
		stats: async () => undefined,
	};
	const group = new Group({ links, devices: new Devices() });
	closing.push(() => group.close());
	return group;
}

test('who comes, goes, loses the line and is back is read aloud as it happens', async () => {
	const group = groupOf();
	const me = row({ key: 'me', name: 'Dr. Maya Okafor', role: 'host', me: true });
	const tom = row({ key: 'key-2', name: 'Tom Becker' });
	const screen = await render(News, { group, roster: [me, row()], tiles: [tile()] });
	const log = page.getByRole('log', { name: 'What happened' });
	// There before anything is added to it, and empty: who was there has not come.
	await expect.element(log).toBeInTheDocument();
	expect(log.element().textContent?.trim()).toBe('');
	await screen.rerender({ roster: [me, row(), tom] });
	await expect.element(log.getByText('Tom Becker joined')).toBeVisible();
	await screen.rerender({ tiles: [tile({ link: 'lost' })] });
	await expect
		.element(log.getByText('The connection to Ines Becker broke. It is tried again.'))
		.toBeVisible();
	await screen.rerender({ tiles: [tile({ link: 'connecting' })] });
	await screen.rerender({ tiles: [tile()] });
	await expect.element(log.getByText('Ines Becker is back')).toBeVisible();
	await screen.rerender({ roster: [me, row()] });
	await expect.element(log.getByText('Tom Becker left')).toBeVisible();
});

test('the number of whoever lost the line is there to be called, until the session ends', async () => {
	const phoneOf = (seat: string) => (seat === 'seat-1' ? '+41 44 555 01 02' : undefined);
	const screen = await render(ByPhone, { tiles: [tile()], phoneOf });
	const link = page.getByRole('link', { name: 'Call Ines Becker by phone' });
	await expect.element(link).not.toBeInTheDocument();
	for (const state of ['lost', 'failed'] as const) {
		await screen.rerender({ tiles: [tile({ link: state })] });
		await expect.element(link).toHaveAttribute('href', 'tel:+41 44 555 01 02');
		await expect.element(page.getByText('+41 44 555 01 02')).toBeVisible();
	}
	await screen.rerender({ tiles: [tile({ link: 'lost', seat: 'seat-2' })] });
	await expect.element(link).not.toBeInTheDocument();
	await screen.rerender({ tiles: [tile({ link: 'lost' })] });
	await expect.element(link).toBeVisible();
	// A call that is over has nobody's connection any more.
	await screen.rerender({ tiles: [] });
	expect(document.body.textContent).not.toContain('555');
});

test('sound alone is offered in words when the line is very weak, and not again to who declined', async () => {
	const group = groupOf();
	await render(WeakLine, { group, tiles: [tile()] });
	const offer = page.getByRole('button', { name: 'Sound without pictures' });
	group.meter.quality.set('key-1', 'weak');
	await expect.element(offer).not.toBeInTheDocument();
	group.meter.quality.set('key-1', 'poor');
	await expect.element(page.getByText(/^The connection is very weak/)).toBeVisible();
	// It does not vanish under the finger.
	group.meter.quality.set('key-1', 'good');
	await offer.click();
	expect(group.soundOnly).toBe(true);
	await expect.element(offer).not.toBeInTheDocument();
	group.listenOnly(false);
	await page.getByRole('button', { name: 'Keep the pictures' }).click();
	await expect.element(offer).not.toBeInTheDocument();
	group.meter.quality.set('key-1', 'poor');
	await expect.element(offer).not.toBeInTheDocument();
});

test('one person is made quieter, and says so to a screen reader', async () => {
	const group = groupOf();
	await render(PersonTools, { group, row: row() });
	const slider = page.getByRole('slider', { name: 'Volume of Ines Becker' });
	await expect.element(slider).toHaveAttribute('aria-valuetext', '100 %');
	await slider.fill('30');
	expect(group.volumes.get('key-1')).toBeCloseTo(0.3);
	await expect.element(slider).toHaveAttribute('aria-valuetext', '30 %');
	const label = 'Ines Becker';
	const screen = await render(Video, { stream: null, label, volume: group.volumes.get('key-1') });
	expect(screen.container.querySelector('video')?.volume).toBeCloseTo(0.3);
});

test('the loudspeaker that is chosen is the one that plays', async () => {
	const loudspeaker = (deviceId: string): MediaDeviceInfo => {
		const about = { kind: 'audiooutput', deviceId, label: `The ${deviceId}`, groupId: '' } as const;
		return { ...about, toJSON: () => about };
	};
	vi.spyOn(navigator.mediaDevices, 'enumerateDevices').mockResolvedValue([
		loudspeaker('default'),
		loudspeaker('headset'),
	]);
	const devices = new Devices();
	await render(DeviceMenus, { devices });
	await page.getByRole('combobox', { name: 'Loudspeaker' }).selectOptions('The headset');
	expect(devices.sink).toBe('headset');
	const set = vi.spyOn(HTMLMediaElement.prototype, 'setSinkId').mockResolvedValue();
	await render(Video, { stream: null, label: 'Ines Becker', sink: devices.sink });
	expect(set).toHaveBeenCalledWith('headset');
});

test('the screen stays on during a call, again after it was hidden, and not after it', async () => {
	const release = vi.fn<() => Promise<void>>(async () => {});
	const request = vi.fn<(type: string) => Promise<{ release: typeof release }>>(async () => ({
		release,
	}));
	vi.stubGlobal('navigator', { wakeLock: { request } });
	const stop = keepAwake();
	await vi.waitFor(() => expect(request).toHaveBeenCalledExactlyOnceWith('screen'));
	document.dispatchEvent(new Event('visibilitychange'));
	await vi.waitFor(() => expect(request).toHaveBeenCalledTimes(2));
	stop();
	await vi.waitFor(() => expect(release).toHaveBeenCalled());
	document.dispatchEvent(new Event('visibilitychange'));
	expect(request).toHaveBeenCalledTimes(2);
});

test('the small window shows whose picture was asked for', async () => {
	await render(Video, { stream: null, label: 'Ines Becker' });
	await render(Video, { stream: null, label: 'Tom Becker' });
	const asked: (string | null)[] = [];
	vi.spyOn(HTMLVideoElement.prototype, 'requestPictureInPicture').mockImplementation(
		// eslint-disable-next-line func-names -- the element is `this`
		function (this: HTMLVideoElement) {
			asked.push(this.ariaLabel);
			return Promise.reject(new DOMException('no picture', 'InvalidStateError'));
		},
	);
	await showSmall(document, 'Tom Becker');
	await showSmall(document, undefined);
	expect(asked).toEqual(['Tom Becker']);
});

test('keys do what the list says, not while one writes, and not when they are switched off', async () => {
	const run = vi.fn<() => void>();
	const shortcuts = [{ key: 'm', label: () => 'Mute or unmute', run }];
	const onclose = vi.fn<() => void>();
	const press = (target: Element, init: KeyboardEventInit = {}) => {
		let found: unknown;
		const listen = (event: Event) => {
			if (event instanceof KeyboardEvent) found = shortcutOf(event, shortcuts);
		};
		target.addEventListener('keydown', listen);
		target.dispatchEvent(new KeyboardEvent('keydown', { key: 'M', ...init }));
		target.removeEventListener('keydown', listen);
		return found;
	};
	const [line, button] = [document.createElement('input'), document.createElement('button')];
	document.body.append(line, button);
	closing.push(() => [line, button].forEach((one) => one.remove()));
	expect(press(button)).toBe(shortcuts[0]);
	expect(press(line)).toBe(undefined);
	expect(press(button, { ctrlKey: true })).toBe(undefined);
	await render(Shortcuts, { shortcuts, on: true, onclose });
	const list = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
	await expect.element(list.getByText('Mute or unmute')).toBeVisible();
	// Whoever reads the list does not mean to work the call.
	expect(press(button)).toBe(undefined);
	const use = list.getByRole('checkbox', { name: /^Let these letters work in the call/ });
	await expect.element(use).toBeChecked();
	await list.getByRole('button', { name: 'Close' }).click();
	expect(onclose).toHaveBeenCalledOnce();
});

test('while the recording is paused everybody reads who has not agreed, and in the list who has', async () => {
	const host = row({ key: 'host', name: 'Dr. Maya Okafor', role: 'host', agreed: null });
	const ines = row({ agreed: true });
	const tom = row({ key: 'key-2', name: 'Tom Becker', agreed: false });
	const joana = row({ key: 'key-3', name: 'Joana Reis', agreed: false });
	const none = 'The recorder has no key until everybody has.';
	const status = page.getByRole('status');
	const { rerender } = await render(NotAgreed, { roster: [host, ines, tom] });
	const one = `Tom Becker has not agreed to be recorded. ${none}`;
	await expect.element(status).toHaveAccessibleName(one);
	await rerender({ roster: [host, ines, tom, joana] });
	const two = `Tom Becker and Joana Reis have not agreed to be recorded. ${none}`;
	await expect.element(status).toHaveTextContent(two);
	await rerender({ roster: [host, ines] });
	await expect.element(status).not.toBeInTheDocument();
	const what = { group: groupOf(), hostName: host.name, isHost: false };
	const does = { onverify: () => {}, onremove: () => {} };
	const list = await render(Roster, { rows: [host, ines, tom], ...what, ...does });
	const kinds = [...list.container.querySelectorAll('.kind')].map((kind) => kind.textContent);
	expect(kinds).toEqual(['Host', 'Participant · agreed', 'Participant']);
});
