/** Work that is done one piece after another, whatever becomes of the piece before. */
export function turns(): <Result>(work: () => Promise<Result>) => Promise<Result> {
	let last: Promise<unknown> = Promise.resolve();
	return (work) => {
		const before = last;
		const next = (async () => {
			await before;
			return work();
		})();
		last = next.catch(() => undefined);
		return next;
	};
}

/** The same for each of several: what is slow for one holds up no other. */
export function turnsOf(): <Result>(of: string, work: () => Promise<Result>) => Promise<Result> {
	const all = new Map<string, ReturnType<typeof turns>>();
	return (of, work) => {
		const inTurn = all.get(of) ?? turns();
		all.set(of, inTurn);
		return inTurn(work);
	};
}

/** One piece of work that is asked for often: while it is done it is asked for once more at most. */
export function latest(work: () => Promise<void>): () => Promise<void> {
	const inTurn = turns();
	let next: Promise<void> | undefined;
	return () => {
		next ??= inTurn(() => {
			next = undefined;
			return work();
		});
		return next;
	};
}
