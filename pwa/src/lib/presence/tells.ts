import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { TellsAnswer } from '#protocol/arrivals.ts';
import { askExtension, findExtension } from './extension.ts';

const nothing: TellsAnswer = { shows: false, sounds: false };
/** An extension that does not answer by then is not waited for: somebody is at the door. */
const answerMs = 1_000;

/** What the browser extension does itself about an arrival; nothing where there is none, or it cannot be asked. */
export async function extensionTells(): Promise<TellsAnswer> {
	if (account.state !== 'unlocked') return nothing;
	const late = new Promise<TellsAnswer>((resolve) => setTimeout(resolve, answerMs, nothing));
	return Promise.race([ask(account.member.id), late]);
}

async function ask(member: string): Promise<TellsAnswer> {
	try {
		const extension = await findExtension();
		// It answers only pages of its practice, but may be paired for a colleague.
		if (!extension?.paired.some((one) => one.member === member)) return nothing;
		return await askExtension(TellsAnswer, extension, { type: 'tells', member });
	} catch (error) {
		if (!isApiError(error)) throw error;
		return nothing;
	}
}
