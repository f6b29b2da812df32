import { ask } from '../shared/ask.ts';
import type { Ask } from '../shared/messages.ts';
import type { PracticeView, WaitingView } from '../shared/state.ts';

/** What can be done from the popup and the side panel. */
export interface Acts {
	/** Opens or focuses the dashboard. */
	open(practice: PracticeView): void;
	connect(practice: PracticeView, one: WaitingView): void;
	remind(practice: PracticeView, session: string): void;
	notNow(practice: PracticeView, one: WaitingView): void;
	stopCapture(): void;
	lookAtCapture(): void;
	seenCapture(): void;
}

/** `opened` is called when a page of the practice is in front, `failed` with what was thrown. */
export function makeActs(events: { opened: () => void; failed: (error: unknown) => void }): Acts {
	const run = async (message: Ask) => {
		try {
			await ask(message);
			if (message.type === 'open') events.opened();
		} catch (error) {
			events.failed(error);
		}
	};
	return {
		open: ({ id }) => void run({ type: 'open', practice: id }),
		connect: ({ id }, { session, seat }) =>
			void run({ type: 'open', practice: id, session, act: 'connect', seat }),
		remind: ({ id }, session) => void run({ type: 'open', practice: id, session, act: 'remind' }),
		stopCapture: () => void run({ type: 'capture-stop' }),
		lookAtCapture: () => void run({ type: 'capture-look' }),
		seenCapture: () => void run({ type: 'capture-seen' }),
		notNow: ({ id }, { session, seat, since }) =>
			void run({ type: 'not-now', practice: id, arrivals: [{ session, seat, since }] }),
	};
}
