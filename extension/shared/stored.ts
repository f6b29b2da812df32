import * as v from 'valibot';
import { type Choices, type State, defaultChoices } from './state.ts';

/** Where `State` is in `storage.session`; the service worker writes it, pages of the extension only read it. */
export const stateKey = 'state';
/** Where `Choices` are in `storage.local`; the settings write them. */
export const choicesKey = 'choices';

const Moment = v.pipe(v.number(), v.integer(), v.minValue(0));
const Count = Moment;
const Check = v.picklist(['verified', 'missing', 'forged']);

const Session = v.object({
	id: v.string(),
	startsAt: Moment,
	minutes: Count,
	recorded: v.boolean(),
	ended: v.boolean(),
	title: v.string(),
	people: v.array(v.string()),
	check: Check,
	inCall: Count,
});

const Waiting = v.object({
	session: v.string(),
	seat: v.string(),
	since: Moment,
	waitedMs: v.number(),
	asOf: Moment,
	name: v.nullable(v.string()),
	check: Check,
	dismissed: v.boolean(),
});

const Recording = v.object({
	id: v.string(),
	session: v.nullable(v.string()),
	recording: v.boolean(),
	startedAt: Moment,
	bytes: Count,
});

/** CodeView as it is stored and sent. */
export const Code = v.object({
	mode: v.picklist(['packaged', 'pinned', 'not-verified', 'blocked']),
	version: v.nullable(v.string()),
	files: Count,
	checkedAt: v.nullable(Moment),
});

const Practice = v.object({
	id: v.string(),
	origin: v.string(),
	name: v.string(),
	member: v.string(),
	link: v.picklist(['connecting', 'connected', 'offline', 'revoked', 'outdated']),
	linkSince: Moment,
	hostInCall: v.optional(v.boolean()),
	historyChanged: v.optional(v.boolean()),
	sessions: v.array(Session),
	waiting: v.array(Waiting),
	recordings: v.array(Recording),
	code: Code,
});

export const CaptureProblem = v.picklist(['offline', 'storage-full', 'low-space']);

const Capture = v.object({
	recording: v.string(),
	title: v.string(),
	startedAt: Moment,
	behind: v.number(),
	state: v.picklist(['recording', 'gap', 'uploading', 'failed']),
	problem: v.optional(v.nullable(CaptureProblem)),
	stoppedAt: v.optional(Moment),
});

const StoredState = v.object({ practices: v.array(Practice), capture: v.nullable(Capture) });

/** The state as it was read from storage. Throws ValiError for anything else. */
export const parseState = (stored: unknown): State => v.parse(StoredState, stored);

const MinuteOfDay = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(24 * 60 - 1));
const Repeats = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(60));

const StoredChoices = v.object({
	names: v.picklist(['nobody', 'initials', 'name']),
	sound: v.boolean(),
	quiet: v.nullable(v.object({ from: MinuteOfDay, to: MinuteOfDay })),
	repeatMinutes: Repeats,
	escalateAfter: Repeats,
});

/** The choices as they were read from storage. What was never chosen, or cannot be read, is as installed. */
export function parseChoices(stored: unknown): Choices {
	const parsed = v.safeParse(StoredChoices, stored);
	return parsed.success ? parsed.output : defaultChoices;
}
