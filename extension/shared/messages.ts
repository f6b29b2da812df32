/** What pages of the extension ask its service worker, by `runtime.sendMessage`. */
export type Ask =
	| { readonly type: 'version' }
	/** Opens or focuses the practice's dashboard, at a session where one is named. */
	| {
			readonly type: 'open';
			readonly practice: string;
			readonly session?: string;
			readonly act?: 'connect' | 'remind';
			/** Who of those that wait there; without it the first. */
			readonly seat?: string;
	  }
	| {
			readonly type: 'not-now';
			readonly practice: string;
			readonly arrivals: readonly { session: string; seat: string; since: number }[];
	  }
	/** Captures the tab in front, after a click that opened the popup. */
	| { readonly type: 'capture-tab'; readonly practice: string }
	| { readonly type: 'capture-stop' }
	/** The click that opened the popup lets the banner back into a tab that crashed. */
	| { readonly type: 'capture-look' }
	/** The user has seen that it failed. */
	| { readonly type: 'capture-seen' }
	| { readonly type: 'unpair'; readonly practice: string };

/** What the service worker's content script hears in pages of the practice, by `tabs.sendMessage`. */
export type Tell = { readonly type: 'goto'; readonly path: string };
