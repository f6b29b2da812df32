import { isApiError } from '#lib/net/errors.ts';
import { ConnectAnswer } from '#protocol/connect.ts';
import { askExtension, findExtension } from './extension.ts';

/**
 * Whether the host clicked on Connect in the browser extension, for who waits at this seat. The extension says it once.
 * False where there is none, or it cannot be asked.
 */
export async function clickedInExtension(about: {
	session: string;
	seat: string;
}): Promise<boolean> {
	try {
		const extension = await findExtension();
		if (!extension) return false;
		const wish = { type: 'connect-clicked', ...about } as const;
		return (await askExtension(ConnectAnswer, extension, wish)).clicked;
	} catch (error) {
		if (!isApiError(error)) throw error;
		return false;
	}
}
