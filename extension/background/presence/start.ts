import { api } from '../../chrome.ts';
import { listPairings, onPairingsChanged } from '../../pairing/store.ts';
import { choicesKey, stateKey } from '../../shared/stored.ts';
import { readState, updateState } from '../state.ts';
import { turns } from '../turns.ts';
import { showBadge } from './badge.ts';
import { answerClicks } from './click.ts';
import { answerCalls } from './clicked.ts';
import { forget } from './notify.ts';
import { Practice } from './practice.ts';
import { answerArrivals } from './tells.ts';
import { withPairings } from './views.ts';

const alarm = 'presence';
/** As often as a browser lends an alarm: so late at most a worker that ended is back. */
const alarmMinutes = 0.5;

/** The practices of this worker, as long as it lives. */
const practices = new Map<string, Practice>();
const inTurn = turns();

/** Brings the connections in line with the pairings. */
const sync = (): Promise<void> =>
	inTurn(async () => {
		const pairings = await listPairings();
		await updateState((state) =>
			withPairings(state, pairings, (pairing) => {
				const running = practices.get(pairing.practice);
				return running?.isOf(pairing) ? running.link : undefined;
			}),
		);
		const current = new Map(pairings.map((pairing) => [pairing.practice, pairing]));
		for (const [id, practice] of practices) {
			const pairing = current.get(id);
			if (pairing && practice.isOf(pairing)) continue;
			practice.close();
			practices.delete(id);
			await forget(id);
		}
		for (const pairing of pairings)
			if (!practices.has(pairing.practice)) practices.set(pairing.practice, new Practice(pairing));
		checkAll();
	});

function checkAll(): void {
	for (const practice of practices.values()) practice.check();
}

async function wake(): Promise<void> {
	if (!(await api.alarms.get(alarm)))
		await api.alarms.create(alarm, { periodInMinutes: alarmMinutes });
	await sync();
	await showBadge(await readState());
}

/**
 * Presence: who waits, at all practices, while this worker lives, and again whenever something starts it.
 * Registers its listeners at once; call it in the first turn of the worker.
 */
export function startPresence(): void {
	const awake = wake();
	const one = async (id: string): Promise<Practice | undefined> => {
		await awake;
		return practices.get(id);
	};
	api.alarms.onAlarm.addListener(({ name }) => {
		if (name === alarm) checkAll();
	});
	// Alarms are gone after an update of the extension.
	api.runtime.onInstalled.addListener(() => void wake());
	api.runtime.onStartup.addListener(checkAll);
	globalThis.addEventListener('online', () => {
		for (const practice of practices.values()) practice.hurry();
	});
	api.storage.session.onChanged.addListener((changes) => {
		if (stateKey in changes) void readState().then(showBadge);
	});
	api.storage.local.onChanged.addListener((changes) => {
		if (choicesKey in changes) checkAll();
	});
	answerClicks(one);
	answerCalls();
	answerArrivals(async (about) => {
		await awake;
		return [...practices.values()].find((practice) => practice.tells(about));
	});
	onPairingsChanged(() => void sync());
}
