import * as v from 'valibot';
import { PageAsk } from '#protocol/pairing.ts';
import { isOurs } from '../capture/sender.ts';
import { api } from '../chrome.ts';
import { cancel, finish, hello, stateOf, takeOffer } from './offers.ts';
import { serverOf } from './page.ts';
import { unpair } from './unpair.ts';

const Unpair = v.strictObject({ type: v.literal('unpair'), practice: v.string() });

async function answer(server: string, asked: PageAsk): Promise<unknown> {
	switch (asked.type) {
		case 'hello':
			return hello(server);
		case 'offer':
			return takeOffer(server, asked);
		case 'state':
			return { state: await stateOf(server, asked.offer) };
		case 'finish':
			return { state: await finish(server, asked) };
		case 'cancel':
			return { state: await cancel(server, asked.offer) };
		default:
			return asked satisfies never;
	}
}

/** Answers a page; false for what is not for us, or from a page that may not ask. */
function answerPage(
	message: unknown,
	sender: chrome.runtime.MessageSender,
	respond: (answer: unknown) => void,
): boolean {
	const asked = v.safeParse(PageAsk, message);
	const server = asked.success ? serverOf(sender, asked.output.server) : undefined;
	if (!asked.success || server === undefined) return false;
	// The reason stays here: a page learns only that it did not work.
	answer(server, asked.output).then(respond, () => respond({ error: 'unexpected' }));
	return true;
}

/** Pairing with practices. Registers its listeners at once; call it in the first turn of the worker. */
export function startPairing(): void {
	api.runtime.onMessageExternal.addListener((message: unknown, sender, respond) =>
		answerPage(message, sender, respond),
	);
	api.runtime.onMessage.addListener((message: unknown, sender, respond) => {
		if (sender.id !== api.runtime.id) return false;
		const asked = v.safeParse(Unpair, message);
		// The app out of our package is such a page too.
		if (!asked.success) return answerPage(message, sender, respond);
		if (!isOurs(sender)) return false;
		unpair(asked.output.practice).then(
			(left) => respond({ left }),
			() => respond({ error: 'unexpected' }),
		);
		return true;
	});
}
