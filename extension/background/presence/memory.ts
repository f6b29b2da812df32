import * as v from 'valibot';
import { Arrival } from '#protocol/presence.ts';
import { api } from '../../chrome.ts';
import { turnsOf } from '../turns.ts';
import type { Told } from './told.ts';

/** What has to outlive the worker, in memory of the browser (`storage.session`). */
const toldKey = (practice: string): string => `told ${practice}`;
const unsaidKey = 'unsaid';
const clicksKey = 'clicks';
const inCallKey = 'inCall';
const issuedKey = (device: string): string => `issued ${device}`;

const StoredTold = v.record(
	v.string(),
	v.object({
		state: v.picklist(['telling', 'told']),
		at: v.number(),
		repeats: v.number(),
		dismissed: v.boolean(),
		awayAt: v.nullable(v.number()),
	}),
);
const StoredUnsaid = v.record(v.string(), v.array(Arrival));
const StoredClicks = v.array(
	v.object({ origin: v.string(), session: v.string(), seat: v.string(), at: v.number() }),
);
/** Somebody on whom the user clicked to let her in, and when. */
export type Click = v.InferOutput<typeof StoredClicks>[number];
const StoredInCall = v.array(v.string());
const StoredIssued = v.record(v.string(), v.number());

async function read<S extends v.GenericSchema>(
	key: string,
	schema: S,
): Promise<v.InferOutput<S> | undefined> {
	const { [key]: stored } = await api.storage.session.get(key);
	const parsed = v.safeParse(schema, stored);
	return parsed.success ? parsed.output : undefined;
}

/** All that is done with `told` of a practice is done in turn: nothing is decided on what is being changed. */
export const inTurn = turnsOf();

/** Which arrivals of a practice were told of, by the ids of their notifications. */
export const readTold = async (practice: string): Promise<Map<string, Told>> =>
	new Map(Object.entries((await read(toldKey(practice), StoredTold)) ?? {}));

export const writeTold = (practice: string, told: ReadonlyMap<string, Told>): Promise<void> =>
	api.storage.session.set({ [toldKey(practice)]: Object.fromEntries(told) });

/** "Not now" that the server has not heard yet, by practice. */
export const readUnsaid = async (): Promise<Record<string, Arrival[]>> =>
	(await read(unsaidKey, StoredUnsaid)) ?? {};

export const writeUnsaid = (unsaid: Record<string, readonly Arrival[]>): Promise<void> =>
	api.storage.session.set({ [unsaidKey]: unsaid });

/** Clicks on Connect of which no page has heard. */
export const readClicks = async (): Promise<readonly Click[]> =>
	(await read(clicksKey, StoredClicks)) ?? [];

export const writeClicks = (clicks: readonly Click[]): Promise<void> =>
	api.storage.session.set({ [clicksKey]: clicks });

/** Practices at which the member is in a call, as far as they said so last. */
export const readInCall = async (): Promise<ReadonlySet<string>> =>
	new Set(await read(inCallKey, StoredInCall));

export const writeInCall = (practices: ReadonlySet<string>): Promise<void> =>
	api.storage.session.set({ [inCallKey]: [...practices] });

/** The newest names that were seen, by what they are of: one list for each pairing. */
export const readIssued = async (device: string): Promise<Map<string, number>> =>
	new Map(Object.entries((await read(issuedKey(device), StoredIssued)) ?? {}));

export const writeIssued = (device: string, issued: ReadonlyMap<string, number>): Promise<void> =>
	api.storage.session.set({ [issuedKey(device)]: Object.fromEntries(issued) });
