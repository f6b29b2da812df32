import * as v from 'valibot';

/** How somebody takes part in a call. */
const Habits = v.object({
	muted: v.boolean(),
	/** Switched off on purpose. */
	cameraOff: v.boolean(),
	soundOnly: v.boolean(),
});
export type Habits = v.InferOutput<typeof Habits>;

const nothing: Habits = { muted: false, cameraOff: false, soundOnly: false };
const Text = v.pipe(v.string(), v.parseJson(), Habits);
const nameOf = (session: string): string => `sotto-habits ${session}`;

/** What this tab was doing in the call before its page was loaded again; it goes with the tab. */
export function readHabits(session: string): Habits {
	const parsed = v.safeParse(Text, sessionStorage.getItem(nameOf(session)));
	return parsed.success ? parsed.output : nothing;
}

export function keepHabits(session: string, habits: Habits): void {
	try {
		sessionStorage.setItem(nameOf(session), JSON.stringify(habits));
	} catch (error) {
		// Where nothing can be stored, a page that is loaded again begins anew.
		if (!(error instanceof DOMException)) throw error;
	}
}

export function forgetHabits(session: string): void {
	sessionStorage.removeItem(nameOf(session));
}
