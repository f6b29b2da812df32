import * as v from 'valibot';
import { Arrival } from '#protocol/presence.ts';
import { Id } from '#protocol/text.ts';
import { api, can } from '../../chrome.ts';
import { type Find, connect, look, notNow, open } from './acts.ts';
import { arrivedOf } from './arrivals.ts';

const Asked = v.variant('type', [
	v.object({
		type: v.literal('open'),
		practice: Id,
		session: v.optional(Id),
		act: v.optional(v.picklist(['connect', 'remind'])),
		seat: v.optional(Id),
	}),
	v.object({
		type: v.literal('not-now'),
		practice: Id,
		arrivals: v.pipe(v.array(Arrival), v.minLength(1), v.maxLength(64)),
	}),
]);
type Asked = v.InferOutput<typeof Asked>;

async function carryOut(find: Find, asked: Asked): Promise<void> {
	if (asked.type === 'open') return open(find, asked);
	const { practice, arrivals } = asked;
	return notNow(
		find,
		practice,
		arrivals.map((one) => ({ ...one, practice })),
	);
}

/** What clicks do: on notifications, and in pages of the extension. A worker that had ended is started by them. */
export function answerClicks(find: Find): void {
	api.notifications.onButtonClicked.addListener((id, button) => {
		const arrived = arrivedOf(id);
		if (!arrived) return;
		void (button === 0 ? connect(find, arrived) : notNow(find, arrived.practice, [arrived]));
	});
	api.notifications.onClicked.addListener((id) => {
		const arrived = arrivedOf(id);
		// One without buttons says by itself what its first button would.
		if (arrived) void (can.notificationButtons ? look(find, arrived) : connect(find, arrived));
	});
	api.runtime.onMessage.addListener((message: unknown, sender, respond) => {
		const asked = v.safeParse(Asked, message);
		// Pages of the practice have a script of ours in them; they may not open anything.
		const ours = sender.id === api.runtime.id && sender.origin === globalThis.location.origin;
		if (!ours || !asked.success) return false;
		void carryOut(find, asked.output).then(
			() => respond({ done: true }),
			() => respond({ error: 'internal' }),
		);
		return true;
	});
}
