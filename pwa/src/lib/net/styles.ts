import * as v from 'valibot';

/** All styles of this build as a module, which the build writes. See scripts/integrity.js. */
const path = '/code/styles.js';
const Styles = v.object({ css: v.string() });

/** Vite's word for a style sheet of a screen that the browser did not take. */
const noSheet = 'Unable to preload CSS';

/** A sheet that the browser refused is in the page's list as well, and nobody may read it. */
function applies(sheet: CSSStyleSheet): boolean {
	try {
		return sheet.cssRules.length > 0;
	} catch (error) {
		if (error instanceof DOMException) return false;
		throw error;
	}
}

/**
 * Where the browser takes no style sheet from the server, as under a pin of the extension, takes the styles out of the
 * app's own checked code. The browser checks no hash of a style sheet, and one could hide what must be seen.
 */
export async function adoptStyles(): Promise<void> {
	if (Array.from(document.styleSheets).some(applies)) return;
	const { css } = v.parse(Styles, await import(/* @vite-ignore */ path));
	const sheet = new CSSStyleSheet();
	sheet.replaceSync(css);
	document.adoptedStyleSheets = [sheet];
	addEventListener('vite:preloadError', (event) => {
		if (event.payload.message.startsWith(noSheet)) event.preventDefault();
	});
}
