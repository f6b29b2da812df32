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
	/** To see what a site answered, and to take its service workers: optional, asked for when code is pinned. */
	get pins(): boolean {
		return 'webRequest' in api && 'browsingData' in api;
	},
	/** Buttons in notifications, and notifications that stay. */
	get notificationButtons(): boolean {
		return !navigator.userAgent.includes('Firefox');
	},
};
