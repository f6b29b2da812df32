import * as v from 'valibot';
import { Arrival } from '#protocol/presence.ts';
import { api } from '../../chrome.ts';
import { turns } from '../turns.ts';
import type { Told } from './told.ts';

/** What has to outlive the worker, in memory of the browser (`storage.session`). */
const toldKey = 'told';
const unsaidKey = 'unsaid';

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

async function read<S extends v.GenericSchema>(
	key: string,
	schema: S,
): Promise<v.InferOutput<S> | undefined> {
	const { [key]: stored } = await api.storage.session.get(key);
	const parsed = v.safeParse(schema, stored);
	return parsed.success ? parsed.output : undefined;
}

/** All that is done with `told` is done in turn: nothing is decided on what is being changed. */
export const inTurn = turns();

/** Which arrivals were told of, by the ids of their notifications. */
export const readTold = async (): Promise<Map<string, Told>> =>
	new Map(Object.entries((await read(toldKey, StoredTold)) ?? {}));

export const writeTold = (told: ReadonlyMap<string, Told>): Promise<void> =>
	api.storage.session.set({ [toldKey]: Object.fromEntries(told) });

/** "Not now" that the server has not heard yet, by practice. */
export const readUnsaid = async (): Promise<Record<string, Arrival[]>> =>
	(await read(unsaidKey, StoredUnsaid)) ?? {};

export const writeUnsaid = (unsaid: Record<string, readonly Arrival[]>): Promise<void> =>
	api.storage.session.set({ [unsaidKey]: unsaid });
