import { readFileSync, readdirSync } from 'node:fs';

/** Every process of the browser with this profile: only what the test itself started. */
export function processesOf(profile: string): number[] {
	return readdirSync('/proc').flatMap((name) => {
		if (!/^\d+$/.test(name)) return [];
		try {
			return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(profile) ? [Number(name)] : [];
		} catch (error) {
			// It ended while we looked.
			if (error instanceof Error && 'code' in error) return [];
			throw error;
		}
	});
}
