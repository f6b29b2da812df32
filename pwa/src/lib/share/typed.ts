import { wordsOfShare } from '#crypto/share/words.ts';

/** So many letters narrow the list down enough to offer what is left of it. */
const lettersLeast = 2;
const offeredMost = 6;
const nearMost = 3;

/** The words in what was typed: small letters, whatever stands between them, or nothing. */
export function wordsIn(typed: string, list: readonly string[]): string[] {
	const known = new Set(list);
	return typed
		.normalize('NFKC')
		.toLowerCase()
		.split(/[^a-z]+/)
		.flatMap((letters) => apart(letters, known));
}

/** No word of the list begins another one: those that were written together can be told apart. */
function apart(letters: string, known: ReadonlySet<string>): string[] {
	for (let to = 1; to < letters.length; to++)
		if (known.has(letters.slice(0, to)))
			return [letters.slice(0, to), ...apart(letters.slice(to), known)];
	return letters === '' ? [] : [letters];
}

/** Words that the last one, which is still being typed, can become; none when it is done. */
export function completions(typed: string, list: readonly string[]): string[] {
	const words = wordsIn(typed, list);
	const last = words.at(-1) ?? '';
	if (last.length < lettersLeast || words.length > wordsOfShare || !/[a-z]$/i.test(typed))
		return [];
	const found = list.filter((word) => word.startsWith(last));
	return found.length === 1 && found[0] === last ? [] : found.slice(0, offeredMost);
}

/** Words that are not on the list, but for the one that is still being typed, and what they may have been. */
export function strangers(
	typed: string,
	list: readonly string[],
): readonly { readonly word: string; readonly near: readonly string[] }[] {
	const known = new Set(list);
	if (known.size === 0) return [];
	const words = wordsIn(typed, list);
	// The last one is not done before something stands behind it, or before it can become none of the list.
	const typing = /[a-z]$/i.test(typed) && list.some((word) => word.startsWith(words.at(-1) ?? ''));
	const done = typing ? words.slice(0, -1) : words;
	const strange = [...new Set(done)].filter((word) => !known.has(word));
	return strange.map((word) => ({ word, near: nearest(word, list) }));
}

/** The words with the fewest letters changed, at most two. */
export function nearest(word: string, list: readonly string[]): string[] {
	const distances = list.map((one) => ({ one, away: distance(word, one) }));
	const least = Math.min(2, ...distances.map(({ away }) => away));
	return distances
		.filter(({ away }) => away === least)
		.slice(0, nearMost)
		.map(({ one }) => one);
}

/** How many letters were added, left out or changed; 3 stands for more than two. */
function distance(a: string, b: string): number {
	if (Math.abs(a.length - b.length) > 2) return 3;
	let before = Array.from({ length: b.length + 1 }, (_, at) => at);
	for (let row = 1; row <= a.length; row++) {
		const here = [row];
		for (let at = 1; at <= b.length; at++) {
			const changed = (before[at - 1] ?? 0) + (a[row - 1] === b[at - 1] ? 0 : 1);
			here.push(Math.min(changed, (before[at] ?? 0) + 1, (here[at - 1] ?? 0) + 1));
		}
		before = here;
	}
	return Math.min(3, before.at(-1) ?? 3);
}
