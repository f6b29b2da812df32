import type { TabLock } from '#lib/net/tab.ts';
import type { Clicked } from './clicked.ts';
import type { Devices } from './devices.svelte.ts';

interface Opened {
	connectWhenThere(seat: string, clicked?: Clicked): Promise<void>;
	/** Another tab goes on with the call. */
	letGo(): Promise<void>;
	leave(): Promise<void>;
}

interface Parts<Host extends Opened> {
	readonly session: string;
	readonly devices: Pick<Devices, 'remember' | 'openAgain' | 'close'>;
	readonly tab: Pick<TabLock, 'take' | 'release'>;
	readonly open: () => Promise<Host>;
}

/** The host's call while it is being opened. Who leaves the page meanwhile, or goes on in another tab, does not enter it. */
export class Opening<Host extends Opened> {
	host = $state.raw<Host>();
	failure = $state.raw<unknown>();
	/** Another tab of this browser has the call. */
	elsewhere = $state(false);
	readonly #parts: Parts<Host>;
	#gone = false;

	constructor(parts: Parts<Host>) {
		this.#parts = parts;
	}

	/** Opens the call, and lets in who waits at `seat` if that is given, see `HostCall`. */
	async enter(seat: string | null, clicked?: Clicked): Promise<void> {
		const { session, devices, tab, open } = this.#parts;
		this.failure = undefined;
		try {
			this.elsewhere = !(await tab.take(false));
			if (this.elsewhere) return;
			devices.remember(session);
			await devices.openAgain();
			const opened = this.#gone ? undefined : await open();
			if (!opened || this.#gone) {
				await opened?.leave();
				return devices.close();
			}
			this.host = opened;
			if (seat) await opened.connectWhenThere(seat, clicked);
		} catch (error) {
			this.failure = error;
		}
	}

	/** Another tab took the call over. */
	lost(): void {
		if (this.host) void this.host.letGo();
		else this.#gone = this.elsewhere = true;
	}

	/** Takes the call over from the other tab; `enter` comes next. */
	async useHere(): Promise<void> {
		await this.#parts.tab.take(true);
		this.#gone = false;
		this.elsewhere = false;
	}

	/** The page is left. `over`: the call is already. */
	close(over: boolean): void {
		const { devices, tab } = this.#parts;
		this.#gone = true;
		if (this.host && !over) void this.host.leave();
		else if (!this.host) devices.close();
		tab.release();
	}
}
