/** What every bench is told. */
export interface Options {
	/** How often everything is measured; without it each bench knows what it needs. */
	readonly repeats?: number | undefined;
}

/** What every bench gives back: the figures that the table of the project names. */
export type Figures = Record<string, number>;
