interface Told {
	readonly title: string;
	readonly body: string;
	closed: boolean;
}

declare global {
	interface Window {
		told: Told[];
		asked: number;
		rung: number;
		badge: number;
	}
}

/** Counts in a page what the operating system would show and sound. */
export function spyOnSystem(): void {
	window.told = [];
	[window.asked, window.rung, window.badge] = [0, 0, 0];
	class Spy extends EventTarget {
		static permission = sessionStorage.getItem('allowed') ?? 'default';
		readonly #told: Told;

		constructor(title: string, { body = '' }: NotificationOptions = {}) {
			super();
			this.#told = { title, body, closed: false };
			window.told.push(this.#told);
		}

		static requestPermission(): Promise<string> {
			window.asked++;
			Spy.permission = 'granted';
			sessionStorage.setItem('allowed', 'granted');
			return Promise.resolve('granted');
		}

		close(): void {
			this.#told.closed = true;
		}
	}
	Object.assign(window, { Notification: Spy });
	class Counting extends AudioContext {
		override createOscillator(): OscillatorNode {
			window.rung++;
			return super.createOscillator();
		}
	}
	Object.assign(window, { AudioContext: Counting });
	Object.assign(navigator, {
		setAppBadge: (count: number) => Promise.resolve((window.badge = count)),
		clearAppBadge: () => Promise.resolve((window.badge = 0)),
	});
}
