import { settings } from '#lib/people/settings.svelte.ts';
import { isZone, localTime, momentOf, viewerZone } from '#lib/time.ts';
import type { Person } from './contents.ts';

/** A person as the fields hold her: text, empty where there is none. */
export interface PersonDraft {
	/** Tells fields apart while people come and go. */
	readonly key: number;
	name: string;
	email: string;
	mobile: string;
	timeZone: string;
	state: string;
	/** Id of her account, empty where she has none. */
	account: string;
}

/** When, as the fields hold it. */
export interface TimeDraft {
	date: string;
	time: string;
	minutes: number;
}

/** Lengths to choose from. */
export const lengths: readonly number[] = [15, 20, 25, 30, 40, 45, 50, 60, 75, 80, 90, 100, 120];
export const usualMinutes = 50;

/** By whose clock the practice plans. */
export function planningZone(): string {
	const { timeZone } = settings;
	return timeZone && isZone(timeZone) ? timeZone : viewerZone();
}

export const emptyPerson = (key: number): PersonDraft => ({
	key,
	name: '',
	email: '',
	mobile: '',
	timeZone: planningZone(),
	state: '',
	account: '',
});

/** The fields of a known person. */
export const draftOf = (person: Person): PersonDraft => ({
	key: 0,
	name: person.name,
	email: person.email ?? '',
	mobile: person.mobile ?? '',
	timeZone: person.timeZone ?? planningZone(),
	state: person.state ?? '',
	account: person.account ?? '',
});

/** What the fields say, without what is empty. */
export const personOf = ({
	name,
	email,
	mobile,
	timeZone,
	state,
	account,
}: PersonDraft): Person => ({
	name: name.trim(),
	email: email.trim() || undefined,
	mobile: mobile.trim() || undefined,
	timeZone: timeZone || undefined,
	state: state || undefined,
	account: account || undefined,
});

/** The fields of a moment. */
export const timeDraft = (startsAt: number, minutes: number): TimeDraft => ({
	...localTime(startsAt, planningZone()),
	minutes,
});

/** The moment that the fields say; `undefined` while they say none. */
export function startOf({ date, time }: TimeDraft): number | undefined {
	if (date === '' || time === '') return undefined;
	try {
		return momentOf({ date, time }, planningZone());
	} catch (error) {
		if (error instanceof RangeError) return undefined;
		throw error;
	}
}
