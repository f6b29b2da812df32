import * as v from 'valibot';
import { CaptureRefusal } from '#protocol/capture.ts';
import { Id } from '#protocol/text.ts';
import { turns } from '../background/turns.ts';
import { api } from '../chrome.ts';

const Tab = v.pipe(v.number(), v.integer(), v.minValue(0));

/** The user wants a tab captured, and the page of the practice asks why. */
const Wish = v.strictObject({
	request: Id,
	practice: Id,
	tab: Tab,
	/** What it showed then; it is asked about that, and nothing else. */
	address: v.string(),
	title: v.string(),
	/** The tab of that page; null until it is open. */
	page: v.nullable(Tab),
	at: v.number(),
});
export type Wish = v.InferOutput<typeof Wish>;

/** The tab that is being captured. */
const Running = v.strictObject({
	recording: Id,
	tab: Tab,
	title: v.string(),
	startedAt: v.number(),
});
export type Running = v.InferOutput<typeof Running>;

/** The user asked for a tab, and the browser asks for its leave. */
const Asked = v.strictObject({ practice: Id, tab: Tab, at: v.number() });
export type Asked = v.InferOutput<typeof Asked>;

/** Why a tab is not recorded, where nobody hears the answer: for the popup. */
const Refused = v.strictObject({ practice: Id, refused: CaptureRefusal, at: v.number() });

/** Nobody thinks of it any more after this time. */
const freshMs = 60_000;

/** In memory of the browser (`storage.session`): the service worker may end at any moment, the capture goes on. */
const wishKey = 'capture-wish';
const runningKey = 'capture-running';
const askedKey = 'capture-asked';
const refusedKey = 'capture-refused';

async function read<S extends v.GenericSchema>(
	key: string,
	schema: S,
): Promise<v.InferOutput<S> | undefined> {
	const { [key]: stored } = await api.storage.session.get(key);
	const parsed = v.safeParse(schema, stored);
	return parsed.success ? parsed.output : undefined;
}

async function write(key: string, value: object | undefined): Promise<void> {
	if (value) await api.storage.session.set({ [key]: value });
	else await api.storage.session.remove(key);
}

export const readWish = (): Promise<Wish | undefined> => read(wishKey, Wish);
export const writeWish = (wish: Wish | undefined): Promise<void> => write(wishKey, wish);
export const readRunning = (): Promise<Running | undefined> => read(runningKey, Running);
export const writeRunning = (running: Running | undefined): Promise<void> =>
	write(runningKey, running);

const inTurn = turns();

/** What was asked for a short while ago. It is told once, to the first of two that ask at the same time. */
const take = <S extends v.GenericSchema<unknown, { readonly at: number }>>(
	key: string,
	schema: S,
): Promise<v.InferOutput<S> | undefined> =>
	inTurn(async () => {
		const found = await read(key, schema);
		await write(key, undefined);
		return found && Date.now() - found.at < freshMs ? found : undefined;
	});

export const writeAsked = (asked: Omit<Asked, 'at'>): Promise<void> =>
	write(askedKey, { ...asked, at: Date.now() });
export const takeAsked = (): Promise<Asked | undefined> => take(askedKey, Asked);
export const writeRefused = (practice: string, refused: CaptureRefusal): Promise<void> =>
	write(refusedKey, { practice, refused, at: Date.now() });

/** Calls back with the refusals of a practice that nobody has heard yet; gives back what ends that. */
export function followRefused(
	practice: string,
	heard: (refused: CaptureRefusal) => void,
): () => void {
	const look = async (): Promise<void> => {
		if ((await read(refusedKey, Refused))?.practice !== practice) return;
		const found = await take(refusedKey, Refused);
		if (found) heard(found.refused);
	};
	const changed = (changes: object): void => {
		if (refusedKey in changes) void look();
	};
	api.storage.session.onChanged.addListener(changed);
	void look();
	return () => api.storage.session.onChanged.removeListener(changed);
}
