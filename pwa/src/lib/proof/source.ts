import { fetchJson } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { Erasures } from '#protocol/erasing.ts';
import { LogBlock, LogCheckpoint, LogConsistency } from '#protocol/log.ts';
import type { LogSource } from './head.ts';

/** The log of the server that this page belongs to, asked with this page's token. */
export const source: LogSource = {
	checkpoint: () => fetchJson(LogCheckpoint, { path: '/api/log/checkpoint' }),
	async consistency({ from, to }) {
		try {
			const path = `/api/log/consistency?from=${from}&to=${to}`;
			return (await fetchJson(LogConsistency, { path })).path;
		} catch (error) {
			if (isApiError(error, 'not-found')) return undefined;
			throw error;
		}
	},
	block: ({ block, size }) =>
		fetchJson(LogBlock, { path: `/api/log/blocks/${block}?size=${size}` }),
	erasures: async () => (await fetchJson(Erasures, { path: '/api/log/erasures' })).rows,
};
