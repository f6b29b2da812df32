import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { filesIn } from './integrity.js';

/** The earliest date that a zip can say: when a file was built is no part of what was built. */
const mtime = new Date(1980, 0, 1);

/**
 * A zip of all files of a folder. The same files give the same bytes, whenever and wherever.
 * @param {string} folder
 */
export function zip(folder) {
	const files = filesIn(folder).map((path) => [path, readFileSync(join(folder, path))]);
	return zipSync(Object.fromEntries(files), { level: 9, mtime });
}
