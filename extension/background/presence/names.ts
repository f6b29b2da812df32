import { fromBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { X25519Key } from '#crypto/identity/x25519.ts';
import { openNames } from '#crypto/presence/names.ts';
import type { PresenceSession } from '#protocol/presence.ts';
import type { NameCheck } from '../../shared/state.ts';
import { turns } from '../turns.ts';
import { readIssued, writeIssued } from './memory.ts';

/** What names are opened with, and whose they have to be. */
export interface Opener {
	/** Id of this extension at the practice. */
	readonly device: string;
	/** X25519. */
	readonly presence: X25519Key;
	/** The member's Ed25519 key, as pairing pinned it. */
	readonly identity: Uint8Array<ArrayBuffer>;
}

/** Names of one session, as far as its host's own signature vouches for them. */
export interface Named {
	readonly check: NameCheck;
	/** Empty unless verified. */
	readonly title: string;
	/** Names of its people by their places; empty unless verified. */
	readonly people: ReadonlyMap<string, string>;
	/** Grows with every sealing; 0 unless verified. */
	readonly issued: number;
}

/** Names may be longer than any screen of the extension has room for. */
const nameChars = 100;
const clip = (name: string): string =>
	name.length > nameChars ? `${name.slice(0, nameChars - 1)}…` : name;

/** Of the newest names that were seen, as many are remembered. */
const issuedMax = 4096;

const nobody = { title: '', people: new Map<string, string>(), issued: 0 };
const missing: Named = { check: 'missing', ...nobody };
const forged: Named = { check: 'forged', ...nobody };

/** Opens and judges the names of a session. Names that are older than `issuedMin` are as good as none. */
export async function readNames(
	opener: Opener,
	session: Pick<PresenceSession, 'id' | 'startsAt' | 'names'>,
	issuedMin: number,
): Promise<Named> {
	const { id, startsAt, names: sealed } = session;
	if (sealed === null) return missing;
	const { device, presence, identity } = opener;
	try {
		const { title, people, issued } = await openNames({
			key: presence,
			sealed: fromBase64url(sealed),
			of: { device, session: id, startsAt },
			identity,
			issuedMin,
		});
		const byPlace = new Map(people.map(({ place, name }) => [place, clip(name)]));
		return { check: 'verified', title: clip(title), people: byPlace, issued };
	} catch (error) {
		if (!(error instanceof CryptoError)) throw error;
		return error.code === 'stale' || error.code === 'unknown-version' ? missing : forged;
	}
}

interface Kept {
	readonly of: Pick<PresenceSession, 'startsAt' | 'names'>;
	readonly named: Named;
}

/** Names of the sessions of a day; what was opened once is not opened again. */
export class Names {
	readonly #opener: Opener;
	readonly #kept = new Map<string, Kept>();
	readonly #inTurn = turns();

	constructor(opener: Opener) {
		this.#opener = opener;
	}

	/** Opens what is new. What was seen once is never taken for older, whatever the server sent in between. */
	read(sessions: readonly PresenceSession[]): Promise<void> {
		return this.#inTurn(async () => {
			const { device } = this.#opener;
			const ids = new Set(sessions.map(({ id }) => id));
			for (const id of this.#kept.keys()) if (!ids.has(id)) this.#kept.delete(id);
			const issued = await readIssued(device);
			const before = [...issued.values()].join();
			await Promise.all(sessions.map((session) => this.#readOne(session, issued)));
			if ([...issued.values()].join() !== before)
				await writeIssued(device, new Map([...issued].slice(-issuedMax)));
		});
	}

	async #readOne(session: PresenceSession, issued: Map<string, number>): Promise<void> {
		const { id, names, startsAt } = session;
		const known = this.#kept.get(id);
		if (known?.of.names === names && known.of.startsAt === startsAt) return;
		// What was moved is sealed anew, and counted by itself.
		const mark = `${id} ${startsAt}`;
		const issuedMin = issued.get(mark) ?? 0;
		const named = await readNames(this.#opener, session, issuedMin);
		if (named.issued > issuedMin) {
			// What was seen last stands last.
			issued.delete(mark);
			issued.set(mark, named.issued);
		}
		this.#kept.set(id, { of: { names, startsAt }, named });
	}

	of(session: string): Named {
		return this.#kept.get(session)?.named ?? missing;
	}
}
