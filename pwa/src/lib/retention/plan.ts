import { addDays, dateOf } from '#lib/time.ts';
import type { Keeping, Purpose, RetentionRules } from '#protocol/retention.ts';
import { type Ask, type Decision, type Facts, decide, endOfDay } from './decide.ts';
import { type Row, selectRows } from './rules.ts';

/** With what a date is computed. */
export interface Basis {
	/** What an admin signed; undefined while none has. */
	readonly rules: RetentionRules | undefined;
	/** The rules of the states. */
	readonly law: readonly Row[];
	/** Of the practice: by its clock days end. */
	readonly zone: string;
}

/** What a recording is for, and what is known. */
export interface Wish {
	readonly purpose: Purpose;
	/** Milliseconds since 1970. */
	readonly recordedAt: number;
	readonly patient: Facts['patient'];
	/** Where the patient was. */
	readonly states: readonly string[];
	/** "2026-03-10"; the day of the recording at least. */
	readonly lastVisit?: string | undefined;
}

/** When it ends by itself. */
export interface Plan {
	/** The last moment; null = it does not end by itself, or `minutes` after its end. */
	readonly keptUntil: number | null;
	readonly minutes?: number | undefined;
	/** On legal hold from the start. */
	readonly hold: boolean;
	/** Of a medical record: what the rules say. */
	readonly decision?: Decision | undefined;
	/** What somebody has to answer before there is a date. */
	readonly ask: readonly Ask[];
}

const none: Plan = { keptUntil: null, hold: false, ask: [] };

/**
 * The practice's own period is the answer where the list has no rule for a state that somebody named. It is none to a
 * rule that is there and forbids to destroy by itself, nor does it know where a patient was or whether of age: that is
 * answered for each recording.
 */
const answered = (ask: Ask, years: number | null): boolean =>
	years !== null && ask.why === 'missing' && ask.state !== 'US';

/**
 * The day that leaves the device. One that is counted from a birthday would tell the birthday to everybody who sees it: the
 * end of its year tells less, and is never earlier. Not where a rule forbids to keep it so long.
 */
function shownDay({ says }: Decision, date: string): string {
	const end = `${date.slice(0, 4)}-12-31`;
	const forbidden = says.some(({ ceiling }) => ceiling !== null && ceiling < end);
	return says.some(({ minor }) => minor) && !forbidden ? end : date;
}

function planRecord({ rules, law, zone }: Basis, wish: Wish): Plan {
	if (!rules) return none;
	const { states, years, ...applies } = rules.record;
	const recordedOn = dateOf(wish.recordedAt, zone);
	const { patient, lastVisit = recordedOn } = wish;
	const rows = selectRows(law, { ...applies, states: [...states, ...wish.states] });
	const facts = { patient, recordedOn, lastVisit: lastVisit < recordedOn ? recordedOn : lastVisit };
	const decision = decide(rows, facts, { years });
	// Which rule applies is not known as long as nobody says where the patient was.
	const where: Ask[] =
		wish.states.length > 0 ? [] : [{ why: 'missing', state: 'US', kind: 'patient' }];
	const ask = [...where, ...decision.ask].filter((one) => !answered(one, years));
	const date = ask.length === 0 ? decision.keep : null;
	const day = date === null ? null : shownDay(decision, date);
	const keptUntil = day === null ? null : endOfDay(day, zone);
	return { keptUntil, hold: false, decision, ask };
}

function planDays({ zone }: Basis, { recordedAt }: Wish, days: number | null): Plan {
	if (days === null) return none;
	return { ...none, keptUntil: endOfDay(addDays(dateOf(recordedAt, zone), days), zone) };
}

/** How long a recording is kept. Throws RangeError for dates that cannot be. */
export function planKept(basis: Basis, wish: Wish): Plan {
	const { rules } = basis;
	const { purpose } = wish;
	if (purpose === 'legal') return { ...none, hold: true };
	if (!rules) return none;
	if (purpose === 'record') return planRecord(basis, wish);
	if (purpose === 'note') return { ...none, minutes: rules.note.minutes };
	return planDays(basis, wish, rules[purpose].days);
}

/** What a notice says of it. */
export function noticed({ purpose }: Wish, { keptUntil, minutes }: Plan) {
	const keeping: Keeping = minutes === undefined ? { purpose } : { purpose, minutes };
	return { keptUntil, keeping };
}

/** Whether the second ends before the first; `null` = never. */
export const endsSooner = (before: number | null, after: number | null): boolean =>
	after !== null && (before === null || after < before);
