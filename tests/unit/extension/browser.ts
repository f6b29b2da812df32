import { vi } from 'vitest';
import { type Choices, defaultChoices } from '../../../extension/shared/state.ts';

export const chromium = 'Mozilla/5.0 Chrome/137.0.0.0 Safari/537.36';
export const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

/** What was shown, as the browser was asked for it. */
type Notification = chrome.notifications.NotificationCreateOptions & { readonly id: string };

/** As much of a browser as notifications and what is remembered take. */
export class FakeBrowser {
	readonly kept = new Map<string, unknown>();
	/** Whether it keeps nothing more. */
	full = false;
	/** A practice whose notifications are never there. */
	stalled: string | undefined;
	choices: Choices = defaultChoices;
	readonly shown = new Map<string, Notification>();
	/** Every notification, in order. */
	readonly told: Notification[] = [];
	readonly messages: unknown[] = [];
	readonly listeners: Record<string, (...args: string[]) => void> = {};
	/** Paths that were opened. */
	readonly opened: string[] = [];

	/** Nothing was shown or kept yet; `agent` is what the browser calls itself. */
	begin(agent = chromium): void {
		for (const map of [this.kept, this.shown]) map.clear();
		for (const list of [this.told, this.messages, this.opened]) list.length = 0;
		this.choices = defaultChoices;
		this.full = false;
		this.stalled = undefined;
		vi.stubGlobal('navigator', { userAgent: agent });
	}

	/** Puts it in the place of the browser's own interface; before the code that uses it is loaded. */
	install(): void {
		const listen = (name: string) => ({
			addListener: (listener: () => void) => (this.listeners[name] = listener),
		});
		vi.stubGlobal('chrome', {
			storage: {
				session: {
					get: async (key: string) => ({ [key]: structuredClone(this.kept.get(key)) }),
					set: async (part: object) => {
						if (this.full) throw new Error('QUOTA_BYTES quota exceeded');
						for (const [key, value] of Object.entries(part))
							this.kept.set(key, structuredClone(value));
					},
					remove: async (keys: string[]) => {
						for (const key of keys) this.kept.delete(key);
					},
				},
				local: { get: async (key: string) => (key === 'choices' ? { choices: this.choices } : {}) },
			},
			notifications: {
				getAll: async () => Object.fromEntries([...this.shown.keys()].map((id) => [id, true])),
				clear: async (id: string) => this.shown.delete(id),
				create: async (id: string, options: chrome.notifications.NotificationCreateOptions) => {
					if (this.stalled !== undefined && id.includes(this.stalled)) await new Promise(() => {});
					this.shown.set(id, { ...options, id });
					this.told.push({ ...options, id });
				},
				onClicked: listen('clicked'),
				onButtonClicked: listen('button'),
			},
			offscreen: {},
			runtime: {
				id: 'own',
				getURL: (path: string) => `chrome-extension://own/${path}`,
				getContexts: async () => [{}],
				getManifest: () => ({ optional_permissions: ['tabCapture'] }),
				sendMessage: async (message: unknown) => void this.messages.push(message),
				onMessage: listen('message'),
			},
			tabs: {
				query: async () => [],
				create: async ({ url }: { url: string }) => {
					this.opened.push(new URL(url).pathname + new URL(url).search);
					return { windowId: 1 };
				},
			},
			windows: { update: async () => {} },
		});
	}
}
