import * as v from 'valibot';
import { api } from '../../chrome.ts';
import { turns } from '../turns.ts';

const key = 'pins';

const Pin = v.object({
	enabled: v.boolean(),
	/** The number of its rule, and of its alarm. */
	rule: v.pipe(v.number(), v.integer(), v.minValue(1)),
	/** The newest release that was ever seen; it stays when the pin is taken off, against older ones later. */
	release: v.object({
		version: v.string(),
		issued: v.number(),
		csp: v.string(),
		files: v.number(),
	}),
	checkedAt: v.number(),
	/** What was wrong with what the site named last. */
	problem: v.nullable(v.picklist(['unreachable', 'unsigned', 'rollback'])),
});
const Pins = v.record(v.string(), Pin);

/** What is known of a site's code, by its origin; in `storage.local`. Nothing of it is secret. */
export type Pin = v.InferOutput<typeof Pin>;
export type Pins = v.InferOutput<typeof Pins>;

/** All that are known. Throws ValiError when what is stored cannot be read: then nothing may be called pinned. */
export async function readPins(): Promise<Pins> {
	const { [key]: stored } = await api.storage.local.get(key);
	return stored === undefined ? {} : v.parse(Pins, stored);
}

const inTurn = turns();

/** Changes one. Changes are carried out one after another, each on what the one before it wrote. */
export const changePin = (
	origin: string,
	change: (pin: Pin | undefined, pins: Pins) => Pin | undefined,
): Promise<void> =>
	inTurn(async () => {
		const pins = await readPins();
		const next = change(pins[origin], pins);
		if (next) await api.storage.local.set({ [key]: { ...pins, [origin]: next } });
	});
