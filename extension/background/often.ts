import * as v from 'valibot';
import { api } from '../chrome.ts';
import { turns } from './turns.ts';

const key = 'often';
/** When something was done, milliseconds since 1970, by what it was and whose pages did it. */
const Stored = v.record(v.string(), v.array(v.number()));

/** Something that comes up in front of the user, and how often the pages of one server may make it come. */
export interface Limit {
	readonly of: string;
	readonly times: number;
	readonly withinMs: number;
}

async function read(): Promise<v.InferOutput<typeof Stored>> {
	const { [key]: stored } = await api.storage.session.get(key);
	const parsed = v.safeParse(Stored, stored);
	return parsed.success ? parsed.output : {};
}

const inTurn = turns();
const write = async (id: string, times: readonly number[]): Promise<void> =>
	api.storage.session.set({ [key]: { ...(await read()), [id]: times } });

/** Whether the pages of a server may do it once more; it counts from then on. */
export const mayAgain = (server: string, { of, times, withinMs }: Limit): Promise<boolean> =>
	inTurn(async () => {
		const id = `${of} ${server}`;
		const now = Date.now();
		const known = (await read())[id] ?? [];
		// A clock that was set back is no reason to wait until it is there again.
		const recent = known.filter((at) => at <= now && now - at < withinMs);
		if (recent.length >= times) return false;
		await write(id, [...recent, now]);
		return true;
	});

/** The user wanted it: nothing of before counts. */
export const startAgain = (server: string, { of }: Limit): Promise<void> =>
	inTurn(() => write(`${of} ${server}`, []));
