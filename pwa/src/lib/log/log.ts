/** The only place that writes to the console: codes and counts, never objects, names or bytes. */
export function log(code: string, count?: number): void {
	console.warn(count === undefined ? code : `${code} ${count}`);
}
