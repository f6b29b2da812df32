interface Factory {
	createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}
declare global {
	var trustedTypes: Factory | undefined;
}

/**
 * The only script addresses that this page may start: its own workers and its own service worker.
 * It is the default policy because Vite starts workers with plain strings.
 */
globalThis.trustedTypes?.createPolicy('default', {
	createScriptURL(text) {
		const url = new URL(text, location.href);
		const own =
			url.protocol === 'blob:'
				? url.pathname.startsWith(`${location.origin}/`)
				: url.origin === location.origin;
		const worker =
			url.protocol === 'blob:' ||
			/\/code\/immutable\/workers\/|^\/service-worker\.js$/.test(url.pathname);
		if (!own || !worker) throw new TypeError('script address refused');
		return text;
	},
});
