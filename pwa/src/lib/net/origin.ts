import { ApiError } from './errors.ts';
import { server } from './home.ts';

/** Gives a token; with `fresh` one that the server has not refused. */
export type Credential = (fresh: boolean) => Promise<string>;

let credential: Credential | undefined;

/**
 * The absolute address of a path of the server, also of a page there: links for others lead to the web app,
 * never into a package that they may not have. Throws `offline` while no server is chosen.
 */
export function address(path: string): string {
	if (server === undefined) throw new ApiError('offline');
	return new URL(path, server).href;
}

export const socketAddress = (): string => address('/api/socket').replace(/^http/, 'ws');

/** All requests of this page are made with these tokens from now on. */
export function presentAs(next: Credential | undefined): void {
	credential = next;
}

/** The token of this page. Throws `token` when it has none: nobody signed in and no seat is taken. */
export async function token(fresh = false): Promise<string> {
	if (!credential) throw new ApiError('token');
	return credential(fresh);
}
