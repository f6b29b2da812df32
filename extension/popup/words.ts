import { m } from '#lib/paraglide/messages.js';
import { formatTime } from '#lib/ui/dates.ts';
import type { PracticeView, SessionView, WaitingView } from '../shared/state.ts';

const minuteMs = 60_000;

/** How long somebody has waited, in words: "4 minutes". */
export function waited({ waitedMs, asOf }: WaitingView, now: number): string {
	const ms = waitedMs + Math.max(0, now - asOf);
	const minutes = Math.floor(ms / minuteMs);
	if (minutes < 1) return m.popup_just_now();
	if (minutes === 1) return m.popup_minute();
	if (minutes < 60) return m.popup_minutes({ minutes });
	return m.popup_since({ time: formatTime(now - ms) });
}

/** What a session is called: its title, else who comes; `null` where neither is known. */
export function nameOf(session: SessionView): string | null {
	return session.title || session.people.join(', ') || null;
}

/** Who is there: "2 people in the call". */
export function whoIsThere(session: SessionView, practice: PracticeView): string {
	const { inCall } = session;
	const waiting = practice.waiting.filter((one) => one.session === session.id).length;
	const words = [
		inCall === 1 ? m.popup_in_call_one() : inCall > 1 && m.popup_in_call_many({ count: inCall }),
		waiting === 1 ? m.popup_waiting_one() : waiting > 1 && m.popup_waiting_many({ count: waiting }),
	].filter((one) => one !== false);
	return words.join(' · ') || m.popup_nobody_here();
}
