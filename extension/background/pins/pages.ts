import type { CodeWord } from '../../shared/code.ts';
import {
	type Answer,
	type Documents,
	type PageDocument,
	changeDocuments,
	readDocuments,
} from './documents.ts';
import type { Pin } from './pin.ts';

/** The answer and the document's hello come on two ways; the answer was first. */
const answerMs = 3000;
const stepMs = 50;
/** Two clocks of one machine. */
const skewMs = 1000;

/** Pages of a site that are gone are kept as well: the browser may show them again. */
const documentsMax = 200;
/** An address and a policy that are longer are none of the app: nothing is said of such a page. */
const answerChars = 100_000;

/** The page that a message came from. */
export interface Sender {
	readonly id: string;
	readonly tab: number;
	readonly origin: string;
}

/** Notes how a site answered when a page was asked for. */
export const noteAnswer = (tab: number, answer: Answer): Promise<void> =>
	changeDocuments((known) => {
		const length = answer.url.length + answer.csp.join('').length;
		const kept = length > answerChars ? { ...answer, url: '', csp: [] } : answer;
		return { ...known, answers: { ...known.answers, [tab]: kept } };
	});

async function answerOf(tab: number, url: string): Promise<Answer | undefined> {
	for (let waited = 0; ; waited += stepMs) {
		const answer = (await readDocuments()).answers[tab];
		if (answer?.url === url || waited >= answerMs) return answer;
		await new Promise((resolve) => setTimeout(resolve, stepMs));
	}
}

/** Whether this answer is the one that the document was made of, with the policy and nothing beside it. */
const isExact = (
	answer: Answer | undefined,
	{ url, began, worker }: Extract<CodeWord, { type: 'code-document' }>,
	pin: Pin,
): boolean =>
	!worker &&
	answer !== undefined &&
	answer.url === url &&
	answer.at >= began - skewMs &&
	answer.csp.length === 1 &&
	answer.csp[0] === pin.release.csp;

function show(known: Documents, sender: Sender, document: PageDocument): Documents {
	const answers = { ...known.answers };
	// An answer is for one document: a second one in this tab without an answer has none.
	delete answers[sender.tab];
	const all = Object.entries(known.documents);
	const others = all.filter(([, { origin }]) => origin !== sender.origin);
	const earlier = all.filter(([, { origin }]) => origin === sender.origin).slice(1 - documentsMax);
	return {
		documents: { ...Object.fromEntries([...others, ...earlier]), [sender.id]: document },
		answers,
		shown: { ...known.shown, [sender.tab]: sender.id },
	};
}

/** A document began, or is shown again. */
export async function noteDocument(
	sender: Sender,
	word: Extract<CodeWord, { type: 'code-document' }>,
	pin: Pin,
): Promise<void> {
	const before = (await readDocuments()).documents[sender.id];
	const answer = before ? undefined : await answerOf(sender.tab, word.url);
	const { version, issued, files } = pin.release;
	await changeDocuments((known) => {
		const again = known.documents[sender.id];
		if (again) return { ...known, shown: { ...known.shown, [sender.tab]: sender.id } };
		return show(known, sender, {
			tab: sender.tab,
			origin: sender.origin,
			exact: isExact(answer, word, pin),
			release: { version, issued, files },
			started: false,
			refused: false,
		});
	});
}

/** The published code of a document runs, or something in it was refused. */
export const markDocument = (id: string, mark: 'started' | 'refused'): Promise<void> =>
	changeDocuments((known) => {
		const document = known.documents[id];
		if (!document || document[mark]) return known;
		return { ...known, documents: { ...known.documents, [id]: { ...document, [mark]: true } } };
	});
