import { isApiError } from '#lib/net/errors.ts';
import { ConnectAnswer } from '#protocol/connect.ts';
import { askExtension, findExtension } from './extension.ts';

/**
 * Whether the host clicked on Connect in the browser extension, for who waits at this seat, and for whom she took her.
 * The extension says it once. `clicked` is false where there is none, or it cannot be asked.
 */
export async function clickedInExtension(about: {
	session: string;
	seat: string;
}): Promise<ConnectAnswer> {
	try {
		const extension = await findExtension();
		if (!extension) return { clicked: false };
		const wish = { type: 'connect-clicked', ...about } as const;
		return await askExtension(ConnectAnswer, extension, wish);
	} catch (error) {
		if (!isApiError(error)) throw error;
		return { clicked: false };
	}
}
