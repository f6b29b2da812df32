import { Config } from '#protocol/account.ts';
import { fetchJson } from './api.ts';

/** What anybody may know of this server. Throws `ApiError`. */
export const config = (): Promise<Config> => fetchJson(Config, { path: '/api/config', open: true });
