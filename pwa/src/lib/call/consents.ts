import type { Bytes } from '#crypto/bytes.ts';
import { isPart2, missingReceipts, noticeDigest } from '#crypto/consent/consent.ts';
import type { Member } from '#crypto/group/group.ts';
import type { Signed } from '#protocol/text.ts';
import type { Knowledge } from './knowledge.ts';

interface ConsentsOptions {
	readonly session: string;
	readonly hostKey: Bytes;
	readonly knowledge: Pick<Knowledge, 'receipts' | 'notice'>;
}

/** Who in a call has agreed to its notice, by the signed receipts that this client holds. */
export class Consents {
	readonly #options: ConsentsOptions;
	#notice: Bytes | undefined;
	#part2 = false;

	/** `ready` is called as soon as `of` can answer; never in a session that is not recorded. */
	constructor(options: ConsentsOptions, ready: () => void) {
		this.#options = options;
		const { notice } = options.knowledge;
		if (notice) void this.#read(notice, ready);
	}

	async #read(notice: Signed, ready: () => void): Promise<void> {
		this.#part2 = isPart2(notice);
		this.#notice = await noticeDigest(notice);
		ready();
	}

	/** Whether a consent of this person is in force; null where none is asked, or not yet known what is. */
	of({ key, role }: Pick<Member, 'key' | 'role'>): boolean | null {
		if (!this.#notice || role !== 'participant') return null;
		const { session, hostKey, knowledge } = this.#options;
		const about = { notice: this.#notice, part2: this.#part2 };
		const asked = { session, hostKey, recorder: 'device', ...about } as const;
		const { receipts } = knowledge.receipts;
		return missingReceipts({ people: [key], receipts, asked }).length === 0;
	}
}
