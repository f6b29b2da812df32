import { api } from '../chrome.ts';
import type { PracticeView, State } from '../shared/state.ts';
import { parseState, stateKey } from '../shared/stored.ts';
import { turns } from './turns.ts';

const empty: State = { practices: [], capture: null };

/** What pages of the extension show right now. */
export async function readState(): Promise<State> {
	const { [stateKey]: stored } = await api.storage.session.get(stateKey);
	try {
		return stored === undefined ? empty : parseState(stored);
	} catch {
		// An earlier version of the extension wrote it; it is written anew as soon as something is known.
		return empty;
	}
}

const inTurn = turns();

/** Changes it. Changes are carried out one after another, each on what the one before it wrote. */
export const updateState = (change: (state: State) => State): Promise<void> =>
	inTurn(async () => {
		const before = await readState();
		const after = change(before);
		if (after !== before) await api.storage.session.set({ [stateKey]: after });
	});

/** Changes what is shown of one practice; one that was unpaired meanwhile stays away. */
export const updatePractice = (
	id: string,
	part: Partial<Omit<PracticeView, 'id'>>,
): Promise<void> =>
	updateState((state) => ({
		...state,
		practices: state.practices.map((one) => (one.id === id ? { ...one, ...part } : one)),
	}));

/** The state with what became of a connection; a practice that is still as before is so since then. */
export const withLink = (state: State, practice: string, link: PracticeView['link']): State => ({
	...state,
	practices: state.practices.map((one) =>
		one.id === practice && one.link !== link ? { ...one, link, linkSince: Date.now() } : one,
	),
});
