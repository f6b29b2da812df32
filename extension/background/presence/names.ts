import { fromBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { X25519Key } from '#crypto/identity/x25519.ts';
import { openNames } from '#crypto/presence/names.ts';
import type { PresenceSession } from '#protocol/presence.ts';
import type { NameCheck } from '../../shared/state.ts';

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
		const byPlace = new Map(people.map(({ place, name }) => [place, name]));
		return { check: 'verified', title, people: byPlace, issued };
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

	constructor(opener: Opener) {
		this.#opener = opener;
	}

	async read(sessions: readonly PresenceSession[]): Promise<void> {
		const ids = new Set(sessions.map(({ id }) => id));
		for (const id of this.#kept.keys()) if (!ids.has(id)) this.#kept.delete(id);
		await Promise.all(sessions.map((session) => this.#readOne(session)));
	}

	async #readOne(session: PresenceSession): Promise<void> {
		const { id, names, startsAt } = session;
		const known = this.#kept.get(id);
		if (known?.of.names === names && known.of.startsAt === startsAt) return;
		// What was moved is sealed anew; what was not cannot become older.
		const issuedMin = known?.of.startsAt === startsAt ? known.named.issued : 0;
		const named = await readNames(this.#opener, session, issuedMin);
		this.#kept.set(id, { of: { names, startsAt }, named });
	}

	of(session: string): Named {
		return this.#kept.get(session)?.named ?? missing;
	}
}
