import * as v from 'valibot';
import { api } from '../chrome.ts';
import { mayRecord } from './allowed.ts';
import { type FromBanner, ToBanner, bannerPort } from './messages.ts';

const style = `
	:host { all: initial !important; }
	div {
		position: fixed; inset: auto 16px 16px auto; z-index: 2147483647;
		display: flex; gap: 12px; align-items: center; padding: 8px 8px 8px 16px;
		font: 600 14px/1.4 system-ui, sans-serif; color: #fff; background: #8c1d18;
		border-radius: 999px; box-shadow: 0 2px 12px rgb(0 0 0 / 40%);
	}
	div.gap { background: #5b4a12; }
	i { width: 10px; height: 10px; border-radius: 50%; background: #fff; }
	button {
		min-height: 32px; padding: 0 14px; border: 1px solid #fff; border-radius: 999px;
		font: inherit; color: inherit; background: transparent; cursor: pointer;
	}
	button:focus-visible { outline: 3px solid #fff; outline-offset: 2px; }
`;

/** After them something of the page may lie above everything that was there before, or what held the banner is gone. */
const layerEvents = ['fullscreenchange', 'toggle', 'close'] as const;

/** Shown in the tab for as long as it is captured; it also says that the tab is alive, and what it shows. */
function start(): void {
	const port = api.runtime.connect({ name: bannerPort });
	const say = (message: FromBanner): void => port.postMessage(message);
	// One that stayed to say that the recording stopped.
	document.querySelector('sotto-capture')?.remove();
	const host = document.createElement('sotto-capture');
	host.popover = 'manual';
	const { box, text, button } = draw(host);
	/** Words of its end, from when the recorder said anything until it says that it is over. */
	let last: { failed: string; close: string } | undefined;
	const stop = (event: MouseEvent): void => {
		// A script of the page may not end what a person started.
		if (event.isTrusted) say({ type: 'stop' });
	};
	button.addEventListener('click', stop);
	let told: boolean | undefined;
	/** Nothing may be recorded before the banner can be seen. */
	const tellAllowed = (): void => {
		const shown = { address: location.href, mark: document.documentElement.dataset['sottoCall'] };
		const allowed = host.matches(':popover-open') && mayRecord(shown);
		if (allowed === told) return;
		told = allowed;
		say({ type: 'allowed', allowed });
	};
	const guard = new MutationObserver((changes) => {
		if (!isOnTop(host, button)) put(host);
		if (changes.some(({ type }) => type === 'attributes')) tellAllowed();
	});
	// The page can remove it, so it is put back.
	guard.observe(document.documentElement, { childList: true, attributes: true });
	// Another screen of the same page: before it is drawn.
	navigation.addEventListener('currententrychange', tellAllowed);
	const raise = ({ target }: Event): void => {
		if (target !== host && !isOnTop(host, button)) put(host);
	};
	for (const type of layerEvents) document.addEventListener(type, raise, true);
	port.onMessage.addListener((message: unknown) => {
		const asked = v.parse(ToBanner, message);
		if (asked.type === 'there') {
			if (!isOnTop(host, button)) put(host);
			tellAllowed();
			return say({ type: 'here' });
		}
		last = asked.type === 'show' ? asked : undefined;
		if (asked.type === 'end') return;
		text.textContent = asked.text;
		button.textContent = asked.stop;
		box.className = asked.gap ? 'gap' : '';
		if (!isOnTop(host, button)) put(host);
		tellAllowed();
	});
	port.onDisconnect.addListener(() => {
		guard.disconnect();
		for (const type of layerEvents) document.removeEventListener(type, raise, true);
		navigation.removeEventListener('currententrychange', tellAllowed);
		button.removeEventListener('click', stop);
		if (!last) return host.remove();
		text.textContent = last.failed;
		button.textContent = last.close;
		box.className = 'gap';
		button.addEventListener('click', () => host.remove());
	});
}

/** Whether a click on its button would reach it: not below a dialog, a full screen or anything else of the page. */
function isOnTop(host: HTMLElement, button: HTMLElement): boolean {
	if (!host.isConnected || !host.matches(':popover-open')) return false;
	const { x, y, width, height } = button.getBoundingClientRect();
	return document.elementFromPoint(x + width / 2, y + height / 2) === host;
}

/** What in full screen shows nothing that is put into it: there the banner is seen, and its button works afterwards. */
const closed = 'video, canvas, iframe, img, embed, object';

/**
 * Above everything, the browser's top layer included. While a dialog of the page is modal, or a part of it fills the
 * screen, nothing outside of that can be clicked: so it goes into it.
 */
function put(host: HTMLElement): void {
	const { documentElement: page, fullscreenElement: full } = document;
	const middle = document.elementFromPoint(page.clientWidth / 2, page.clientHeight / 2);
	const dialog = middle?.closest('dialog:modal') ?? document.querySelector('dialog:modal');
	const parent = dialog ?? (full && !full.matches(closed) ? full : page);
	if (host.parentNode !== parent) parent.append(host);
	if (host.matches(':popover-open')) host.hidePopover();
	host.showPopover();
}

/** What it looks like; the page cannot reach into it. */
function draw(host: HTMLElement) {
	const root = host.attachShadow({ mode: 'closed' });
	const sheet = new CSSStyleSheet();
	sheet.replaceSync(style);
	root.adoptedStyleSheets = [sheet];
	const box = document.createElement('div');
	box.role = 'status';
	const [text, button] = [document.createElement('span'), document.createElement('button')];
	box.append(document.createElement('i'), text, button);
	root.append(box);
	return { box, text, button };
}

start();
