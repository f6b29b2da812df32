import * as v from 'valibot';
import { Account } from './account.ts';
import { Count, SignedList, line } from './text.ts';

const minuteMs = 60_000;

/** How a practice works; kept in clear, because the server has to follow it. */
export const PracticeSettings = v.strictObject({
	name: line(120),
	/** Whether sessions can be recorded at all. */
	recording: v.boolean(),
	/** Every session is recorded and nobody is asked whether. */
	recordAll: v.boolean(),
	/** Whether supervisors are recipients of recordings. */
	supervisorsOpen: v.boolean(),
	share: v.strictObject({
		/** Whether recordings may be shared by e-mail. */
		mail: v.boolean(),
		maxHours: v.pipe(Count, v.minValue(1), v.maxValue(30 * 24)),
	}),
	/** Staff keys are locked after so long without anybody at the device; never later than the server's own limit. */
	idleMs: v.pipe(Count, v.minValue(minuteMs), v.maxValue(480 * minuteMs)),
	/** Minutes before the start at which participants are reminded. */
	reminders: v.pipe(
		v.array(v.pipe(Count, v.minValue(5), v.maxValue(14 * 24 * 60))),
		v.maxLength(5),
	),
	/** What a participant shall do in an emergency, in the practice's words; may be empty. */
	emergency: v.pipe(v.string(), v.maxLength(1000)),
	/** BCP 47 tags, the first is the practice's own. */
	languages: v.pipe(v.array(line(35)), v.minLength(1), v.maxLength(20)),
	/** IANA name; empty = each viewer's own. */
	timeZone: v.pipe(v.string(), v.maxLength(64)),
});
/** GET /api/practice/settings (staff), PUT (admin) → 204. */
export type PracticeSettings = v.InferOutput<typeof PracticeSettings>;

/** What holds until somebody changes it. */
export const defaultSettings: Omit<PracticeSettings, 'name' | 'idleMs'> = {
	recording: true,
	recordAll: false,
	supervisorsOpen: false,
	share: { mail: true, maxHours: 72 },
	reminders: [24 * 60, 60],
	emergency: '',
	languages: ['en'],
	timeZone: '',
};

/**
 * PUT /api/people/list (admin) → 204: the same members in a newer list, with the admin's own account that
 * holds a new practice key. Errors: `conflict` unless its version follows the newest one.
 */
export const NewerList = v.strictObject({ memberList: SignedList, account: v.optional(Account) });
