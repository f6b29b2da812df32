/**
 * The same items in the same order, with up to `most` of them on their way while one is used: so that network,
 * opening and sealing do not wait for each other. Ends the source when it is left early.
 */
export async function* ahead<T>(source: AsyncIterable<T>, most: number): AsyncGenerator<T> {
	const iterator = source[Symbol.asyncIterator]();
	const coming: Promise<IteratorResult<T>>[] = [];
	try {
		for (;;) {
			while (coming.length < most) {
				const item = iterator.next();
				// Whoever left early waits for it no more.
				item.catch(() => undefined);
				coming.push(item);
			}
			const next = await coming.shift();
			if (!next || next.done) return;
			yield next.value;
		}
	} finally {
		await iterator.return?.();
	}
}
