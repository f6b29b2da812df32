import { addDays, dateOf } from '#lib/time.ts';
import type { RetentionList, RetentionRules } from '#protocol/retention.ts';
import { endOfDay } from './decide.ts';
import { endsSooner } from './plan.ts';

type Listed = RetentionList['recordings'][number];

/** A recording that other rules would keep until another day. */
export interface Touched {
	readonly row: Listed;
	readonly from: number | null;
	/** Null = no date. */
	readonly to: number | null;
	/** It would end sooner than now. */
	readonly shorter: boolean;
}

/**
 * Which of the recordings other rules would keep longer or shorter: those whose time counts in days from the recording.
 * Left out are what is on hold, and what somebody signed a day for herself where the rules would end it sooner: her
 * reasons hold. What is part of a medical record depends on sealed facts, and is looked at on its own page.
 */
export function touchedBy(
	rules: RetentionRules,
	{ list, zone }: { list: readonly Listed[]; zone: string },
): Touched[] {
	return list.flatMap((row): Touched[] => {
		const { purpose, hold, keptUntil: from, startedAt } = row;
		if (hold || (purpose !== 'supervision' && purpose !== 'quality')) return [];
		const { days } = rules[purpose];
		const to = days === null ? null : endOfDay(addDays(dateOf(startedAt, zone), days), zone);
		if (to === from) return [];
		const shorter = endsSooner(from, to);
		return shorter && row.version > 0 ? [] : [{ row, from, to, shorter }];
	});
}
