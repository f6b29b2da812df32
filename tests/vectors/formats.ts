import { cpace } from './cpace.ts';
import type { Format, Tally } from './format.ts';
import * as mls from './mls.ts';
import * as sframe from './sframe.ts';
import { wycheproof } from './wycheproof.ts';

const formats: readonly Format[] = [
	...wycheproof,
	cpace,
	{ name: 'SFrame RFC 9605', ...sframe },
	{ name: 'MLS passive client', ...mls },
];

/** Runs the text of one vector file, whichever format its content has. `undefined` when it has none that we know. */
export async function runVectors(text: string): Promise<(Tally & { name: string }) | undefined> {
	let json: unknown;
	try {
		json = JSON.parse(quoteLargeNumbers(text));
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
	const format = formats.find((known) => known.matches(json));
	return format && { name: format.name, ...(await format.run(json)) };
}

/** A JSON text whose whole numbers of 16 digits or more are strings: above 2^53 the parser would round them. */
export function quoteLargeNumbers(text: string): string {
	const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
	return text.replaceAll(stringOrNumber, (token) =>
		/^-?\d{16,}$/.test(token) ? `"${token}"` : token,
	);
}
