import { packaged } from '#lib/net/home.ts';
import { askExtension, findExtension } from '#lib/presence/extension.ts';
import { AppState } from '#protocol/packaged.ts';

/** Whether this browser has the packaged app, and opens this practice there; undefined where it has none, or is it itself. */
export async function findPackaged(): Promise<AppState | undefined> {
	if (packaged) return undefined;
	try {
		const extension = await findExtension();
		return extension && (await askExtension(AppState, extension, { type: 'app-state' }));
	} catch {
		// Offline, or an extension without it: then nobody is led elsewhere.
		return undefined;
	}
}

/**
 * Opens a screen in the packaged app; from then on everything of this practice opens there. False when it is not
 * there any more. Throws `ApiError`.
 */
export async function openPackaged(path: string): Promise<boolean> {
	const extension = await findExtension();
	if (!extension) return false;
	// No page of a server opens a call: its session has the button.
	const screen = (path.split('?')[0] ?? '/').replace(/^\/call\//, '/sessions/');
	await askExtension(AppState, extension, { type: 'app-open', path: screen });
	return true;
}
