import type {
	CodeView,
	PracticeView,
	RecordingView,
	SessionView,
	State,
	WaitingView,
} from '../../extension/shared/state.ts';

const minuteMs = 60_000;

/** Noon of today: nothing that is said of a day changes while the tests run. */
export function noon(): number {
	return new Date().setHours(12, 0, 0, 0);
}

export const session = (part: Partial<SessionView> = {}): SessionView => ({
	id: 's1',
	startsAt: noon() - 30 * minuteMs,
	minutes: 50,
	recorded: false,
	ended: false,
	title: '',
	people: [],
	check: 'verified',
	inCall: 0,
	...part,
});

export const waiting = (part: Partial<WaitingView> = {}): WaitingView => ({
	session: 's1',
	seat: 'a',
	since: 1,
	waitedMs: 4 * minuteMs,
	asOf: Date.now(),
	name: 'Dana Whitfield',
	check: 'verified',
	dismissed: false,
	...part,
});

export const recording = (part: Partial<RecordingView> = {}): RecordingView => ({
	id: 'r1',
	session: 's1',
	recording: true,
	startedAt: noon(),
	bytes: 4_000_000,
	...part,
});

export const unchecked: CodeView = {
	mode: 'not-verified',
	version: null,
	files: 0,
	checkedAt: null,
};

export const practice = (part: Partial<PracticeView> = {}): PracticeView => ({
	id: 'p1',
	origin: 'https://visit.example.org',
	name: 'Alder Street Counseling',
	member: 'm1',
	link: 'connected',
	linkSince: noon(),
	sessions: [],
	waiting: [],
	recordings: [],
	code: unchecked,
	...part,
});

export const stateOf = (...practices: readonly PracticeView[]): State => ({
	practices,
	capture: null,
});

/** An afternoon with two who wait, as the drawing of the popup has it. */
export const afternoon = (): PracticeView =>
	practice({
		sessions: [
			session({ recorded: true, people: ['Dana Whitfield'] }),
			session({ id: 's2', startsAt: noon(), people: ['Luis Ferreira'] }),
			session({ id: 's3', startsAt: noon() + 60 * minuteMs, title: 'Family session' }),
			session({ id: 's0', startsAt: noon() - 180 * minuteMs, title: 'Supervision', ended: true }),
		],
		waiting: [
			waiting(),
			waiting({ session: 's2', seat: 'b', since: 2, waitedMs: 10_000, name: 'Luis Ferreira' }),
		],
		code: { mode: 'packaged', version: '1.4.0', files: 214, checkedAt: noon() },
	});
