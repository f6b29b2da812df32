/**
 * Tells the service worker what became of the code of a page: that a document began, that the published code said
 * it runs, that the browser kept something from running. It runs before any script of the page, in a world of its own.
 */
import { api } from '../chrome.ts';
import type { CodeWord } from '../shared/code.ts';

/** The web app's own way to add a service worker; under a pin the browser refuses it, which harms nothing. */
const ownWorker = `${location.origin}/service-worker.js`;
const code =
	/^(?:script-src|worker-src|object-src|frame-src|child-src|base-uri|form-action|trusted-types|require-trusted)/;

function tell(word: CodeWord): void {
	// The extension may have been replaced meanwhile: then nobody listens, and nothing is claimed of this page.
	api.runtime.sendMessage(word).catch(() => undefined);
}

/** Something was kept from running. It is said once: a page can bring about any number of refusals. */
let refused = false;

function hello(): void {
	const [navigation] = performance.getEntriesByType('navigation');
	const started = navigation instanceof PerformanceNavigationTiming ? navigation.workerStart : 1;
	const url = location.href.split('#')[0] ?? '';
	const worker = started !== 0 || navigator.serviceWorker?.controller != null;
	tell({ type: 'code-document', url, began: performance.timeOrigin, worker });
	// Of a document that was not known yet nothing could be noted.
	if (refused) tell({ type: 'code-refused' });
}

/** A script that arrived and was not run: its bytes are not those of its hash. */
function isAltered(target: EventTarget | null): boolean {
	const url =
		target instanceof HTMLScriptElement
			? target.src
			: target instanceof HTMLLinkElement && target.rel === 'modulepreload' && target.href;
	if (!url) return false;
	const entry = performance.getEntriesByName(url, 'resource').at(-1);
	return entry instanceof PerformanceResourceTiming && entry.responseStatus === 200;
}

function refuse(): void {
	if (!refused) tell({ type: 'code-refused' });
	refused = true;
}

document.addEventListener(
	'securitypolicyviolation',
	({ disposition, effectiveDirective, blockedURI }) => {
		if (disposition !== 'enforce' || !code.test(effectiveDirective)) return;
		if (effectiveDirective === 'worker-src' && blockedURI === ownWorker) return;
		refuse();
	},
	true,
);
document.addEventListener('error', ({ target }) => isAltered(target) && refuse(), true);
addEventListener('sotto-started', () => tell({ type: 'code-started' }));
addEventListener('pageshow', ({ persisted }) => persisted && hello());
if ('prerendering' in document && document.prerendering === true)
	document.addEventListener('prerenderingchange', hello, { once: true });
else hello();
