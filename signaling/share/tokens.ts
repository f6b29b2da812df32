import type { Clock } from '../clock.ts';
import { Expiring } from '../expiring.ts';
import { shareTokenMs } from '../protocol/shares.ts';
import { newSecret, tokenHash } from '../random.ts';

/** Tokens that may be out at once. */
const outMax = 20_000;

/** A recipient who passed the code of one share. */
export interface ShareHolder {
	readonly share: string;
	/** Whether the content was given to this token: only then it may fetch bytes. */
	opened: boolean;
	/** When its last opening was counted. */
	openedAt: number | undefined;
	/** The hash of the device that asked with this token. */
	device: string | undefined;
}

/** Tokens of recipients: in memory only, hashed. Each is good for one share. */
export class ShareTokens {
	readonly #held: Expiring<ShareHolder>;

	constructor(clock: Clock) {
		this.#held = new Expiring({ clock, lifeMs: shareTokenMs, max: outMax });
	}

	issue(share: string): string {
		const token = newSecret();
		this.#held.set(tokenHash(token), {
			share,
			opened: false,
			openedAt: undefined,
			device: undefined,
		});
		return token;
	}

	/** Whoever holds this token; it lives as long again from now. */
	holder(token: string): ShareHolder | undefined {
		const hash = tokenHash(token);
		const holder = this.#held.get(hash);
		if (holder) this.#held.set(hash, holder);
		return holder;
	}
}
