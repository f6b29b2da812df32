/** What a server answers. Throws RangeError when it is longer than `charsMax`, and reads no further than that. */
export async function textOf(response: Response, charsMax: number): Promise<string> {
	const decoder = new TextDecoder();
	let text = '';
	for await (const piece of response.body ?? []) {
		text += decoder.decode(piece, { stream: true });
		if (text.length > charsMax) throw new RangeError('too long');
	}
	return text + decoder.decode();
}
