import * as v from 'valibot';
import { concat, fromUtf8, utf8 } from '#crypto/bytes.ts';
import { type Grant, type NewTrack, MoreTracks } from '#protocol/recordings.ts';
import type { Disk } from './disk.ts';

const name = 'journal';

const Line = v.variant('type', [
	v.strictObject({ type: v.literal('tracks'), n: v.number(), body: MoreTracks }),
	v.strictObject({ type: v.literal('sent'), n: v.number() }),
]);

/** Tracks and wrapped keys that the server must still get before the bytes that are sealed under them. */
export interface Unsent {
	readonly n: number;
	readonly body: { tracks: NewTrack[]; grants: Grant[] };
}

/** Keeps on the disk what is to be sent besides chunks, so that a crash leaves no bytes that nobody can open. */
export class Journal {
	readonly #disk: Disk;
	#next = 0;

	constructor(disk: Disk) {
		this.#disk = disk;
	}

	/** Resolves when it is on the disk; gives its number. */
	async tracks(body: Unsent['body']): Promise<number> {
		const n = this.#next++;
		await this.#add({ type: 'tracks', n, body });
		return n;
	}

	/** The server has it. */
	async sent(n: number): Promise<void> {
		await this.#add({ type: 'sent', n });
	}

	/** What an earlier run did not get out. A torn last line does not count. */
	static async unsent(disk: Disk): Promise<Unsent[]> {
		const file = (await disk.list()).find((one) => one.name === name);
		if (!file) return [];
		const text = fromUtf8(concat(await disk.read(name, 0, file.bytes)));
		const unsent = new Map<number, Unsent>();
		for (const line of text.split('\n').slice(0, -1)) {
			const entry = v.parse(Line, JSON.parse(line));
			if (entry.type === 'tracks') unsent.set(entry.n, entry);
			else unsent.delete(entry.n);
		}
		return Array.from(unsent.values());
	}

	async #add(line: v.InferOutput<typeof Line>): Promise<void> {
		await this.#disk.append(name, utf8(`${JSON.stringify(line)}\n`));
	}
}
