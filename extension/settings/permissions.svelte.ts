import { m } from '#lib/paraglide/messages.js';
import * as v from 'valibot';
import { api } from '../chrome.ts';

const words: Readonly<Record<string, () => string>> = {
	activeTab: m.settings_permission_active_tab,
	alarms: m.settings_permission_alarms,
	browsingData: m.settings_permission_browsing_data,
	declarativeNetRequestWithHostAccess: m.settings_permission_net_rules,
	notifications: m.settings_permission_notifications,
	offscreen: m.settings_permission_offscreen,
	scripting: m.capture_permission_scripting,
	sidePanel: m.settings_permission_side_panel,
	storage: m.settings_permission_storage,
	tabCapture: m.capture_permission_tab,
	webRequest: m.settings_permission_web_request,
};

const Manifest = v.object({ permissions: v.optional(v.array(v.string()), []) });

export interface Permission {
	readonly name: string;
	/** What the extension does with it. */
	readonly text: string;
	/** It was asked for when it was used, and can be taken back. */
	readonly optional: boolean;
}

/** What the browser lets this extension do right now. */
export class Permissions {
	list = $state.raw<readonly Permission[]>([]);
	failure = $state.raw<unknown>();

	/** Begins to follow; gives back what ends it. */
	follow(): () => void {
		const changed = () => void this.#read();
		api.permissions.onAdded.addListener(changed);
		api.permissions.onRemoved.addListener(changed);
		changed();
		return () => {
			api.permissions.onAdded.removeListener(changed);
			api.permissions.onRemoved.removeListener(changed);
		};
	}

	async takeBack(name: string): Promise<void> {
		try {
			const { permissions = [] } = await api.permissions.getAll();
			await api.permissions.remove({ permissions: permissions.filter((one) => one === name) });
		} catch (error) {
			this.failure = error;
		}
	}

	async #read(): Promise<void> {
		try {
			const { permissions = [], origins = [] } = await api.permissions.getAll();
			const { permissions: fixed } = v.parse(Manifest, api.runtime.getManifest());
			const named = permissions.map((name) => ({
				name,
				text: (words[name] ?? m.settings_permission_other)(),
				optional: !fixed.includes(name),
			}));
			const reached = origins.map((name) => ({
				name,
				text: m.settings_permission_origin(),
				optional: false,
			}));
			this.list = [...named, ...reached];
		} catch (error) {
			this.failure = error;
		}
	}
}
