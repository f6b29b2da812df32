import * as v from 'valibot';

/** How the cases of a file, or of some of them, went. */
export interface Tally {
	readonly passed: number;
	readonly failed: number;
	readonly skipped: number;
	/** What to look at: the numbers of failed cases, or why cases were skipped. */
	readonly note?: string;
}

/** One kind of vector file, recognised by its content. */
export interface Format {
	readonly name: string;
	matches(json: unknown): boolean;
	run(json: unknown): Promise<Tally>;
}

/** How one case went. */
export type Verdict = 'passed' | 'failed' | 'skipped';

/** Runs the cases of a file one after another. A case that is not of the schema or that throws has failed. */
export async function tally<S extends v.GenericSchema>(
	schema: S,
	cases: readonly unknown[],
	run: (one: v.InferOutput<S>) => Promise<Verdict>,
): Promise<Tally> {
	const count = { passed: 0, failed: 0, skipped: 0 };
	const failures: string[] = [];
	for (const one of cases) {
		const verdict = await attempt(schema, one, run);
		count[verdict]++;
		if (verdict === 'failed') failures.push(nameOf(one));
	}
	return failures.length === 0 ? count : { ...count, note: `failed: ${failures.join(' ')}` };
}

async function attempt<S extends v.GenericSchema>(
	schema: S,
	one: unknown,
	run: (one: v.InferOutput<S>) => Promise<Verdict>,
): Promise<Verdict> {
	try {
		return await run(v.parse(schema, one));
	} catch {
		// Whatever it was that went wrong, the case did not pass; its number is printed.
		return 'failed';
	}
}

function nameOf(one: unknown): string {
	const named = v.safeParse(v.object({ tcId: v.union([v.number(), v.string()]) }), one);
	return named.success ? String(named.output.tcId) : '?';
}
