import { SocketError } from '#lib/net/socket.ts';
import type { Room } from './room.ts';

/** What could not be done at once, because of a bad line, is tried again after this, milliseconds. */
const againMs = 2000;

/** For the host: whoever left on purpose shall not hold the next key, so she makes the epoch without them. */
export class Sweep {
	readonly #room: Pick<Room, 'seats' | 'leaves' | 'change'>;
	readonly #over: () => boolean;
	#busy = false;

	/** `over`: the call is, and nothing is left to do. */
	constructor(options: { room: Pick<Room, 'seats' | 'leaves' | 'change'>; over: () => boolean }) {
		this.#room = options.room;
		this.#over = options.over;
	}

	#gone(): string[] {
		const { leaves, seats } = this.#room;
		return leaves.filter((seat) => {
			const known = seats.get(seat);
			return known?.kind === 'participant' && known.state === 'gone';
		});
	}

	/** Looks who is gone; to be called whenever something changed. Rejects with what is no matter of the line. */
	async look(): Promise<void> {
		if (this.#busy || this.#over() || this.#gone().length === 0) return;
		this.#busy = true;
		try {
			await this.#room.change(() => {
				const drop = this.#gone();
				return drop.length > 0 ? { drop } : undefined;
			});
		} catch (error) {
			if (!(error instanceof SocketError)) throw error;
			await new Promise((resolve) => setTimeout(resolve, againMs));
		} finally {
			this.#busy = false;
		}
		// Also who left while this was done.
		await this.look();
	}
}
