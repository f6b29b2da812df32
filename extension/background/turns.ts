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
