import * as v from 'valibot';
import { api } from '../../chrome.ts';
import { turns } from '../turns.ts';

const key = 'documents';

const Document = v.object({
	tab: v.number(),
	origin: v.string(),
	/** Its answer came from the network with exactly the policy of the release that was pinned then. */
	exact: v.boolean(),
	/** The release that was pinned then: another may be by now. */
	release: v.object({ version: v.string(), issued: v.number(), files: v.number() }),
	/** The published code said that it runs: no page without script can say that. */
	started: v.boolean(),
	/** The browser kept something in it from running. */
	refused: v.boolean(),
});

const Answer = v.object({ url: v.string(), at: v.number(), csp: v.array(v.string()) });

const Stored = v.object({
	/** By the browser's id of the document. */
	documents: v.record(v.string(), Document),
	/** The last answer for a page that came in a tab, until its document says hello. */
	answers: v.record(v.string(), Answer),
	/** The document that a tab shows. */
	shown: v.record(v.string(), v.string()),
});

export type PageDocument = v.InferOutput<typeof Document>;
export type Answer = v.InferOutput<typeof Answer>;
/** What is known of the pages that are open; in `storage.session`, gone with the browser. */
export type Documents = v.InferOutput<typeof Stored>;

const none: Documents = { documents: {}, answers: {}, shown: {} };

export async function readDocuments(): Promise<Documents> {
	const { [key]: stored } = await api.storage.session.get(key);
	const parsed = v.safeParse(Stored, stored);
	return parsed.success ? parsed.output : none;
}

const inTurn = turns();

/** Changes them. Changes are carried out one after another, each on what the one before it wrote. */
export const changeDocuments = (change: (known: Documents) => Documents): Promise<void> =>
	inTurn(async () => {
		const before = await readDocuments();
		const after = change(before);
		if (after !== before) await api.storage.session.set({ [key]: after });
	});

/** Forgets a tab that was closed. */
export const forgetTab = (tab: number): Promise<void> =>
	changeDocuments(({ documents, answers, shown }) => ({
		documents: Object.fromEntries(
			Object.entries(documents).filter(([, document]) => document.tab !== tab),
		),
		answers: without(answers, tab),
		shown: without(shown, tab),
	}));

const without = <Value>(of: Record<string, Value>, tab: number): Record<string, Value> =>
	Object.fromEntries(Object.entries(of).filter(([id]) => id !== `${tab}`));
