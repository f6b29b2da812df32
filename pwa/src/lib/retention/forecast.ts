import type { Storage } from '#protocol/retention.ts';

/** What is stored at the end of one month. */
export interface MonthEnd {
	/** "2026-11", in UTC. */
	readonly month: string;
	/** Bytes of recordings begun in it; ahead, as many as in the months before. */
	readonly begun: number;
	/** Bytes of recordings that end in it by themselves; 0 in the past: nobody keeps count of what is gone. */
	readonly ending: number;
	readonly bytes: number;
	/** It has not come yet. */
	readonly ahead: boolean;
}

const basedOn = 3;
const gigabyte = 1e9;

/** "2026-11" and so many months. */
export function addMonths(month: string, months: number): string {
	const [year = 0, of = 1] = month.split('-').map(Number);
	return new Date(Date.UTC(year, of - 1 + months)).toISOString().slice(0, 7);
}

const of = (list: Storage['begun'], month: string): number =>
	list.find((one) => one.month === month)?.bytes ?? 0;

/**
 * The months up to `now`, from the first in which something began and at most `backMost`, and those after it. Ahead is what is there, less what ends, and each month as much more as began in an
 * average one of the last three that are over; what is begun from now on is taken to stay.
 */
export function forecast(
	storage: Pick<Storage, 'begun' | 'ending' | 'bytes'>,
	{ now, backMost, ahead }: { now: number; backMost: number; ahead: number },
): MonthEnd[] {
	const current = new Date(now).toISOString().slice(0, 7);
	const before = Array.from({ length: basedOn }, (_, at) => addMonths(current, -1 - at));
	const growth = Math.round(
		before.reduce((sum, month) => sum + of(storage.begun, month), 0) / basedOn,
	);
	const earliest = addMonths(current, -backMost);
	const began = storage.begun.map(({ month }) => month).toSorted()[0] ?? current;
	const first = began > earliest ? began : earliest;
	const past: string[] = [];
	for (let month = first; month <= current; month = addMonths(month, 1)) past.push(month);
	let bytes = storage.begun
		.filter(({ month }) => month < first)
		.reduce((sum, one) => sum + one.bytes, 0);
	const ends: MonthEnd[] = past.map((month) => {
		const begun = of(storage.begun, month);
		bytes += begun;
		return { month, begun, ending: 0, bytes, ahead: false };
	});
	// What ends later in this month, or should have ended, is gone when the next one begins.
	let overdue = storage.ending
		.filter(({ month }) => month <= current)
		.reduce((sum, one) => sum + one.bytes, 0);
	for (let at = 1; at <= ahead; at += 1) {
		const month = addMonths(current, at);
		const ending = of(storage.ending, month) + overdue;
		overdue = 0;
		bytes = Math.max(0, bytes + growth - ending);
		ends.push({ month, begun: growth, ending, bytes, ahead: true });
	}
	return ends;
}

/** What so many bytes cost in a month, in units of the currency. */
export const costOf = (bytes: number, price: NonNullable<Storage['price']>): number =>
	((bytes / gigabyte) * price.micros) / 1e6;

/** "0.023" as millionths; undefined for what is no price. */
export function microsOf(typed: string): number | undefined {
	const plain = typed.trim().replace(',', '.');
	if (!/^\d{1,3}(\.\d{1,6})?$/.test(plain)) return undefined;
	return Math.round(Number(plain) * 1e6);
}
