import { resolve } from '$app/paths';

/** Where the app lives below its origin: nowhere in particular, or in a folder of the package. */
const base = (): string => resolve('/').replace(/\/$/, '');

/** The path of a screen as every copy of the app knows it. */
export const pathHere = (pathname: string): string =>
	pathname.startsWith(base()) ? pathname.slice(base().length) || '/' : pathname;

/** The same path in this copy of the app. */
export const inThisApp = (path: string): string => base() + path;
