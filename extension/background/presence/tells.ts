import * as v from 'valibot';
import { type TellsAnswer, TellsAsk } from '#protocol/arrivals.ts';
import { api, can } from '../../chrome.ts';
import { serverOf } from '../../pairing/page.ts';
import { isQuietNow, readChoices } from './choices.ts';
import type { Practice } from './practice.ts';

/** The practice of a server that is connected for a member. */
export type FindConnected = (about: {
	origin: string;
	member: string;
}) => Promise<Practice | undefined>;

const nothing: TellsAnswer = { shows: false, sounds: false };

async function tells(found: Practice | undefined): Promise<TellsAnswer> {
	const choices = await readChoices();
	if (!found || isQuietNow(choices)) return nothing;
	const shows = (await api.notifications.getPermissionLevel()) === 'granted';
	return { shows, sounds: choices.sound && can.offscreen };
}

/** Answers pages that see somebody arrive, the packaged app's among them. Registers its listeners at once. */
export function answerArrivals(find: FindConnected): void {
	const answer = (
		message: unknown,
		sender: chrome.runtime.MessageSender,
		respond: (answer: TellsAnswer) => void,
	): boolean => {
		const asked = v.safeParse(TellsAsk, message);
		if (!asked.success) return false;
		const { server, member } = asked.output;
		const origin = serverOf(sender, server);
		if (origin === undefined) return false;
		find({ origin, member })
			.then(tells)
			.then(respond, () => respond(nothing));
		return true;
	};
	api.runtime.onMessageExternal.addListener(answer);
	api.runtime.onMessage.addListener(
		(message: unknown, sender, respond) =>
			sender.id === api.runtime.id && answer(message, sender, respond),
	);
}
