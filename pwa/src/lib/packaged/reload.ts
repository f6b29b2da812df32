import { packaged } from '#lib/net/home.ts';

/** Keys with which a browser loads a page without its service worker. */
const isForced = ({ key, ctrlKey, metaKey, shiftKey }: KeyboardEvent): boolean =>
	((ctrlKey || metaKey) && shiftKey && key.toLowerCase() === 'r') ||
	((ctrlKey || shiftKey) && key === 'F5');

function hear(event: KeyboardEvent): void {
	if (!isForced(event)) return;
	event.preventDefault();
	location.reload();
}

/**
 * The package has one file for all screens, and the service worker gives it out: without that a screen's address
 * leads nowhere, so a forced reload is an ordinary one here. Until the answer is called.
 */
export function softenReload(): () => void {
	if (!packaged) return () => {};
	addEventListener('keydown', hear);
	return () => removeEventListener('keydown', hear);
}
