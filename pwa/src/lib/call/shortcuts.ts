/** One key of the call and what it does. */
export interface Shortcut {
	/** As `KeyboardEvent.key`, in lower case. */
	readonly key: string;
	readonly label: () => string;
	readonly run: () => void;
}

/** Where a key is a letter of what somebody writes, or works a control. */
const writing = 'input, textarea, select, [contenteditable], dialog[open]';

/** The shortcut of a key press; undefined where it is meant for something else. */
export function shortcutOf(
	event: KeyboardEvent,
	shortcuts: readonly Shortcut[],
): Shortcut | undefined {
	if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return undefined;
	if (event.target instanceof Element && event.target.closest(writing)) return undefined;
	if (document.querySelector('dialog[open]')) return undefined;
	return shortcuts.find(({ key }) => key === event.key.toLowerCase());
}
