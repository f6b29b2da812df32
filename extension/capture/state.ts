import * as v from 'valibot';
import { Id } from '#protocol/text.ts';
import { api } from '../chrome.ts';

const Tab = v.pipe(v.number(), v.integer(), v.minValue(0));

/** The user wants a tab captured, and the page of the practice asks why. */
const Wish = v.strictObject({
	request: Id,
	practice: Id,
	tab: Tab,
	title: v.string(),
	/** The tab of that page; null until it is open. */
	page: v.nullable(Tab),
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

/** In memory of the browser (`storage.session`): the service worker may end at any moment, the capture goes on. */
const wishKey = 'capture-wish';
const runningKey = 'capture-running';

async function read<S extends v.GenericSchema>(
	key: string,
	schema: S,
): Promise<v.InferOutput<S> | undefined> {
	const { [key]: stored } = await api.storage.session.get(key);
	const parsed = v.safeParse(schema, stored);
	return parsed.success ? parsed.output : undefined;
}

async function write(key: string, value: Wish | Running | undefined): Promise<void> {
	if (value) await api.storage.session.set({ [key]: value });
	else await api.storage.session.remove(key);
}

export const readWish = (): Promise<Wish | undefined> => read(wishKey, Wish);
export const writeWish = (wish: Wish | undefined): Promise<void> => write(wishKey, wish);
export const readRunning = (): Promise<Running | undefined> => read(runningKey, Running);
export const writeRunning = (running: Running | undefined): Promise<void> =>
	write(runningKey, running);
