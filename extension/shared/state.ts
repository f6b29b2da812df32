/** What the service worker knows and the popup, the side panel and the settings show; kept in `storage.session`, in memory. */
export interface State {
	/** One for each practice that this browser is paired with, in the order of pairing. */
	readonly practices: readonly PracticeView[];
	/** The tab that is being captured now. */
	readonly capture: CaptureView | null;
}

export interface PracticeView {
	/** The practice's id. */
	readonly id: string;
	readonly origin: string;
	readonly name: string;
	/** The member that it was paired for. */
	readonly member: string;
	/** `revoked`: the practice took this extension's keys off its list. `outdated`: server and extension speak different versions. */
	readonly link: 'connecting' | 'connected' | 'offline' | 'revoked' | 'outdated';
	/** Milliseconds since 1970: since when `link` is so. */
	readonly linkSince: number;
	/** The member is in a call there, so that notifications of all practices make no sound and name nobody. */
	readonly hostInCall?: boolean | undefined;
	/** The practice's history is not the one that this extension saw before, or is not proved to be. */
	readonly historyChanged?: boolean | undefined;
	/** The rest is as of the last contact. */
	readonly sessions: readonly SessionView[];
	readonly waiting: readonly WaitingView[];
	readonly recordings: readonly RecordingView[];
	readonly code: CodeView;
}

/** How a name was checked: against the account key that pairing pinned. `forged` names are not shown. */
export type NameCheck = 'verified' | 'missing' | 'forged';

export interface SessionView {
	readonly id: string;
	readonly startsAt: number;
	readonly minutes: number;
	readonly recorded: boolean;
	readonly ended: boolean;
	/** Empty unless verified. */
	readonly title: string;
	readonly people: readonly string[];
	readonly check: NameCheck;
	/** People of it who are in the call now. */
	readonly inCall: number;
}

export interface WaitingView {
	readonly session: string;
	readonly seat: string;
	/** Milliseconds since 1970 by the server's clock. */
	readonly since: number;
	/** Milliseconds on this machine's clock that she has waited, when the state was written at `asOf`. */
	readonly waitedMs: number;
	readonly asOf: number;
	/** The name of the invitation; `null` unless verified. */
	readonly name: string | null;
	readonly check: NameCheck;
	/** "Not now" was said on some device. */
	readonly dismissed: boolean;
}

export interface RecordingView {
	readonly id: string;
	readonly session: string | null;
	/** Whether its recorder is connected right now; a recording that is not was not finished. */
	readonly recording: boolean;
	readonly startedAt: number;
	readonly bytes: number;
}

/** What is known of the code that the practice's pages run. See docs/trust.md. */
export interface CodeView {
	readonly mode: 'packaged' | 'pinned' | 'not-verified' | 'blocked';
	/** Version of the release, when one is known. */
	readonly version: string | null;
	readonly files: number;
	/** Milliseconds since 1970 of the last check, or null. */
	readonly checkedAt: number | null;
}

export interface CaptureView {
	readonly recording: string;
	readonly title: string;
	readonly startedAt: number;
	/** Seconds that wait to be uploaded. */
	readonly behind: number;
	/** `failed`: it stopped and nobody asked it to; shown until the user has seen it. */
	readonly state: 'recording' | 'gap' | 'uploading' | 'failed';
	/** What keeps it from being uploaded, or from being kept here. */
	readonly problem?: 'offline' | 'storage-full' | 'low-space' | null | undefined;
	/** When it failed. */
	readonly stoppedAt?: number | undefined;
}

/** Who the operating system may be told is waiting. It reads notifications in clear. */
export type NameChoice = 'nobody' | 'initials' | 'name';

/** The user's choices; in `storage.local`. */
export interface Choices {
	readonly names: NameChoice;
	readonly sound: boolean;
	/** Minutes since midnight, on this machine's clock; `from` after `to` means over midnight. Null: never quiet. */
	readonly quiet: { readonly from: number; readonly to: number } | null;
	/** Minutes after which a notification that nobody handled is shown again; 0: once only. */
	readonly repeatMinutes: number;
	/** Repeats after which it becomes louder (sound although it is off); 0: never. */
	readonly escalateAfter: number;
}

export const defaultChoices: Choices = {
	names: 'nobody',
	sound: true,
	quiet: null,
	repeatMinutes: 5,
	escalateAfter: 0,
};
