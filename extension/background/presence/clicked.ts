import * as v from 'valibot';
import { type ConnectAnswer, ConnectAsk } from '#protocol/connect.ts';
import { api } from '../../chrome.ts';
import { serverOf } from '../../pairing/page.ts';
import { turns } from '../turns.ts';
import { type Click, readClicks, writeClicks } from './memory.ts';

/** So long the page of the call may take to ask: she may have to unlock it first. */
const holdsMs = 10 * 60_000;
const clicksMax = 16;

const inTurn = turns();
const isOf =
	({ origin, session, seat }: Omit<Click, 'at' | 'place'>) =>
	(one: Click): boolean =>
		one.origin === origin && one.session === session && one.seat === seat;

/** The user clicked on Connect: the page of the call may let this one in. */
export const keepClick = (about: Omit<Click, 'at'>): Promise<void> =>
	inTurn(async () => {
		const now = Date.now();
		const { origin, session, seat, place } = about;
		const others = (await readClicks()).filter(
			(one) => now - one.at < holdsMs && !isOf(about)(one),
		);
		await writeClicks([...others, { origin, session, seat, place, at: now }].slice(-clicksMax));
	});

/** The user's click on Connect for this one; said once for each click. */
export const takeClick = (about: Omit<Click, 'at' | 'place'>): Promise<Click | undefined> =>
	inTurn(async () => {
		const clicks = await readClicks();
		const found = clicks.find(isOf(about));
		if (!found) return undefined;
		await writeClicks(clicks.filter((one) => one !== found));
		return Date.now() - found.at < holdsMs ? found : undefined;
	});

function answer(
	message: unknown,
	sender: chrome.runtime.MessageSender,
	respond: (answer: ConnectAnswer) => void,
): boolean {
	const asked = v.safeParse(ConnectAsk, message);
	if (!asked.success) return false;
	const { server, session, seat } = asked.output;
	const origin = serverOf(sender, server);
	if (origin === undefined) return false;
	takeClick({ origin, session, seat }).then(
		(click) => respond({ clicked: click !== undefined, place: click?.place }),
		() => respond({ clicked: false }),
	);
	return true;
}

/** Answers pages of calls, the packaged app's among them. Registers its listeners at once. */
export function answerCalls(): void {
	api.runtime.onMessageExternal.addListener(answer);
	api.runtime.onMessage.addListener(
		(message: unknown, sender, respond) =>
			sender.id === api.runtime.id && answer(message, sender, respond),
	);
}
