import { isServer } from '../pairing/page.ts';

/** Screens of ours that show a call, or are about to: `/call/ID` of whoever hosts it, `/j/ID` of a participant. */
const calls = /^\/(call|j)\//;

interface Shown {
	readonly address: string;
	/** `data-sotto-call` of the document: where our own pages say whether the recorder of their call is in it. */
	readonly mark: string | undefined;
}

/**
 * Whether what a page shows may be recorded: not a call of ours whose recorder is not among the people in it. An
 * address of a call that says nothing (it is still loading, or older than this) is such a call.
 */
export function mayRecord(shown: Shown): boolean {
	if (shown.mark !== undefined) return shown.mark === 'recorded';
	const at = URL.parse(shown.address);
	return !at || !isServer(at.origin) || !calls.test(at.pathname);
}
