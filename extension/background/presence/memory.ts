import * as v from 'valibot';
import { Arrival } from '#protocol/presence.ts';
import { api } from '../../chrome.ts';
import { turnsOf } from '../turns.ts';
import type { Told } from './told.ts';

/** What has to outlive the worker, in memory of the browser (`storage.session`). */
const toldKey = (practice: string): string => `told ${practice}`;
const unsaidKey = (practice: string): string => `unsaid ${practice}`;
const sinceKey = (practice: string): string => `since ${practice}`;
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
		left: v.optional(v.boolean()),
		place: v.optional(v.string()),
	}),
);
const StoredUnsaid = v.array(Arrival);
const StoredClicks = v.array(
	v.object({
		origin: v.string(),
		session: v.string(),
		seat: v.string(),
		place: v.optional(v.string()),
		at: v.number(),
	}),
);
/** Somebody on whom the user clicked to let her in, and when. */
export type Click = v.InferOutput<typeof StoredClicks>[number];
/** Times by what they are of. */
const StoredTimes = v.record(v.string(), v.number());

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

/** "Not now" that the practice's server has not heard yet. */
export const readUnsaid = async (practice: string): Promise<readonly Arrival[]> =>
	(await read(unsaidKey(practice), StoredUnsaid)) ?? [];

export const writeUnsaid = (practice: string, unsaid: readonly Arrival[]): Promise<void> =>
	api.storage.session.set({ [unsaidKey(practice)]: unsaid });

const readTimes = async (key: string): Promise<Map<string, number>> =>
	new Map(Object.entries((await read(key, StoredTimes)) ?? {}));

const writeTimes = (key: string, times: ReadonlyMap<string, number>): Promise<void> =>
	api.storage.session.set({ [key]: Object.fromEntries(times) });

/** Since when those who wait at a practice have been here, by this machine's clock. */
export const readSince = (practice: string): Promise<Map<string, number>> =>
	readTimes(sinceKey(practice));

export const writeSince = (practice: string, since: ReadonlyMap<string, number>): Promise<void> =>
	writeTimes(sinceKey(practice), since);

/** Clicks on Connect of which no page has heard. */
export const readClicks = async (): Promise<readonly Click[]> =>
	(await read(clicksKey, StoredClicks)) ?? [];

export const writeClicks = (clicks: readonly Click[]): Promise<void> =>
	api.storage.session.set({ [clicksKey]: clicks });

/** Practices at which the member is in a call, and when each said so last. */
export const readInCalls = (): Promise<Map<string, number>> => readTimes(inCallKey);

export const writeInCalls = (calls: ReadonlyMap<string, number>): Promise<void> =>
	writeTimes(inCallKey, calls);

/** The newest names that were seen, by what they are of: one list for each pairing. */
export const readIssued = (device: string): Promise<Map<string, number>> =>
	readTimes(issuedKey(device));

export const writeIssued = (device: string, issued: ReadonlyMap<string, number>): Promise<void> =>
	writeTimes(issuedKey(device), issued);

/** All that is kept of a practice's waiting room is gone. */
export const forgetRoom = (practice: string): Promise<void> =>
	api.storage.session.remove([toldKey(practice), unsaidKey(practice), sinceKey(practice)]);
