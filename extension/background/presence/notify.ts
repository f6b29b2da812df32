import { m } from '#lib/paraglide/messages.js';
import { api, can } from '../../chrome.ts';
import type { NameChoice } from '../../shared/state.ts';
import { type Arrived, arrivedOf, idOf } from './arrivals.ts';
import { isQuietNow, readChoices } from './choices.ts';
import { isInCall } from './incall.ts';
import { forgetRoom, inTurn, readTold, writeTold } from './memory.ts';
import { chime } from './sound.ts';
import { type Seen, type Told, reconcile } from './told.ts';
import { type Occasion, wordsOf } from './words.ts';

/**
 * A desktop that is busy answers late that it shows something. The browser cannot take that away before, says that it
 * did, and it stays there for good: so nothing is taken away sooner after it was shown.
 */
const answerMs = 1000;

/** A practice's waiting room as it is seen now. */
export interface View {
	readonly practice: string;
	readonly waiting: readonly (Arrived & { readonly place: string })[];
	/** What became of somebody who was told of. */
	whereabouts(arrived: Arrived): Seen['is'];
	isDismissed(arrived: Arrived): boolean;
	occasion(arrived: Arrived): Occasion;
	/** The first look over this connection. */
	readonly fresh: boolean;
	/** The member is in a call of this practice: for none of them anything sounds or is named, as her screen may be shared. */
	readonly inCall: boolean;
}

async function show(id: string, view: View, names: NameChoice): Promise<void> {
	const arrived = arrivedOf(id);
	if (!arrived) return;
	const { title, message } = wordsOf(view.occasion(arrived), names);
	await api.notifications.create(id, {
		type: 'basic',
		iconUrl: api.runtime.getURL('icons/128.png'),
		title,
		message,
		priority: 2,
		eventTime: view.occasion(arrived).since,
		// Elsewhere these are refused. It has a sound of its own, which can be turned off.
		...(can.notificationButtons && {
			requireInteraction: true,
			silent: true,
			buttons: [{ title: m.notify_connect() }, { title: m.notify_not_now() }],
		}),
	});
}

async function takeAway(id: string, told: Told | undefined): Promise<void> {
	const left = told ? told.at + answerMs - Date.now() : 0;
	if (left > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(left, answerMs)));
	await api.notifications.clear(id);
}

/** A server that says more is not followed: what it has told of fills what is kept for all. */
const arrivalsMax = 512;

/** Of this practice: who waits now, and who was told of. */
function seenBy(view: View, told: ReadonlyMap<string, Told>): Seen[] {
	const ids = new Set([...view.waiting.map(idOf), ...told.keys()]);
	return [...ids].slice(0, arrivalsMax).flatMap((id) => {
		const arrived = arrivedOf(id);
		if (!arrived) return [];
		return [{ id, is: view.whereabouts(arrived), dismissed: view.isDismissed(arrived) }];
	});
}

/** Where a browser keeps nothing more, it is shown all the same: rather twice than not at all. */
async function keep(practice: string, told: ReadonlyMap<string, Told>): Promise<void> {
	await writeTold(practice, told).catch(() => undefined);
}

/** Shows what is new, takes away what is over; see `reconcile`. */
export const see = (view: View): Promise<void> =>
	inTurn(view.practice, async () => {
		const { practice } = view;
		const choices = await readChoices();
		const inCall = await isInCall(view);
		const names = inCall ? 'nobody' : choices.names;
		const before = await readTold(practice);
		const shown = new Set(Object.keys(await api.notifications.getAll()));
		const seen = seenBy(view, before);
		const now = Date.now();
		const quiet = isQuietNow(choices);
		const outcome = reconcile(before, { seen, shown, now, quiet, choices, fresh: view.fresh });
		const told = new Map(outcome.told);
		const places = new Map(view.waiting.map((one) => [idOf(one), one.place]));
		for (const { id } of outcome.show) {
			const telling = told.get(id);
			if (telling) told.set(id, { ...telling, place: places.get(id) });
		}
		// First what is about to be done: the worker may end between any two lines.
		const clear = new Set(outcome.clear);
		for (const id of shown)
			if (arrivedOf(id)?.practice === practice && !told.has(id)) clear.add(id);
		await keep(practice, new Map([...[...before].filter(([id]) => clear.has(id)), ...told]));
		for (const { id, again } of outcome.show) {
			// One that is there already would not come up again.
			if (again) await api.notifications.clear(id);
			await show(id, view, names);
			const telling = told.get(id);
			if (telling) told.set(id, { ...telling, state: 'told' });
		}
		// Where the sound is on there is nothing to be louder than.
		const loud = !choices.sound && outcome.show.some((one) => one.loud);
		const heard = outcome.show.length > 0 && (choices.sound || loud) && !inCall;
		if (heard) void chime(loud).catch(() => undefined);
		for (const id of clear) await takeAway(id, before.get(id));
		if (outcome.show.length + clear.size > 0) await keep(practice, told);
	});

/** Takes a notification away: it was acted on. `dismissed`: for good; otherwise it is repeated when nothing comes of it. */
export const handled = (arrived: Arrived, options: { dismissed: boolean }): Promise<void> =>
	inTurn(arrived.practice, async () => {
		const { practice } = arrived;
		const id = idOf(arrived);
		const told = await readTold(practice);
		const known = told.get(id) ?? { repeats: 0, dismissed: false, awayAt: null };
		const dismissed = known.dismissed || options.dismissed;
		told.set(id, { ...known, state: 'told', at: Date.now(), dismissed });
		await keep(practice, told);
		await api.notifications.clear(id);
	});

/** Takes away all that is shown of a practice, for instance because it was unpaired. */
export const forget = (practice: string): Promise<void> =>
	inTurn(practice, async () => {
		const told = await readTold(practice);
		await isInCall({ practice, inCall: false });
		for (const id of Object.keys(await api.notifications.getAll()))
			if (arrivedOf(id)?.practice === practice) await takeAway(id, told.get(id));
		await forgetRoom(practice);
	});
