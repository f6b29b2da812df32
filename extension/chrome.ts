/**
 * The browser's own programming interface: the one file that touches `chrome.*`. Firefox names it
 * `browser` and lacks some of it, which `can` says.
 */
export const api: typeof chrome = globalThis.chrome;

/** What this browser has. Looked up when it is asked for: an optional permission may come later. */
export const can = {
	/** A page without a window, for sound and capture. */
	get offscreen(): boolean {
		return 'offscreen' in api;
	},
	get sidePanel(): boolean {
		return 'sidePanel' in api;
	},
	get tabCapture(): boolean {
		return 'tabCapture' in api;
	},
	/** To record a tab. Leave for it is asked when it is used, so the function is not there before. */
	get recordTab(): boolean {
		const { optional_permissions: later = [] } = api.runtime.getManifest();
		return can.offscreen && (can.tabCapture || later.includes('tabCapture'));
	},
	/** To see what a site answered, and to take its service workers: optional, asked for when code is pinned. */
	get pins(): boolean {
		return 'webRequest' in api && 'browsingData' in api;
	},
	/** To keep content scripts away from what is stored. */
	get storageLevels(): boolean {
		return 'setAccessLevel' in api.storage.local;
	},
	/** Buttons in notifications, and notifications that stay and make no sound. */
	get notificationButtons(): boolean {
		return !navigator.userAgent.includes('Firefox');
	},
};
