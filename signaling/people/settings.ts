import * as v from 'valibot';
import { ServerError } from '../errors.ts';
import { parse, stored } from '../parse.ts';
import {
	type KnownSettings,
	type NewSettings,
	Policy,
	PracticeSettings,
	defaultSettings,
} from '../protocol/people.ts';
import { PublicIdentity, Signed } from '../protocol/text.ts';
import { verifySigned } from '../signature.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

const Kept = v.strictObject({
	...v.omit(PracticeSettings, ['name']).entries,
	policy: v.optional(v.nullable(Signed), null),
});

function policyIn({ text }: Signed): Policy {
	try {
		return parse(Policy, JSON.parse(text));
	} catch (cause) {
		throw new ServerError('bad-request', { cause });
	}
}

/** How the practice works, as its admins wish. */
export class Settings {
	/** The server's own idle limit: nobody can wish for a longer one. */
	readonly #mostMs: number;
	#idleMs: number;

	private constructor(mostMs: number) {
		this.#mostMs = mostMs;
		this.#idleMs = mostMs;
	}

	static async open(store: Store, options: { idleMs: number }): Promise<Settings> {
		const settings = new Settings(options.idleMs);
		const practice = await store.selectFrom('practice').select('id').executeTakeFirst();
		if (practice) settings.#idleMs = (await settings.read(store)).idleMs;
		return settings;
	}

	/** Staff keys are locked after so long without anybody at the device. */
	get idleMs(): number {
		return this.#idleMs;
	}

	/** Throws `not-ready` before setup. */
	async read(db: Store | StoreTransaction): Promise<KnownSettings> {
		const row = await db.selectFrom('practice').select(['name', 'settings']).executeTakeFirst();
		if (!row) throw new ServerError('not-ready');
		const idleMostMs = this.#mostMs;
		const kept =
			row.settings === null
				? { ...defaultSettings, idleMs: idleMostMs, policy: null }
				: stored(Kept, row.settings);
		const idleMs = Math.min(kept.idleMs, idleMostMs);
		return { ...kept, name: row.name, idleMs, idleMostMs };
	}

	/**
	 * Keeps what an admin signed; gives what to do after the commit. Throws `bad-request` when she has not
	 * signed just this, and `conflict` when it does not follow what is kept.
	 */
	async write(
		db: StoreTransaction,
		{ asked, author }: { asked: NewSettings; author: string },
	): Promise<() => void> {
		const { name, policy, ...open } = asked;
		await this.#check(db, { asked, author });
		await db
			.updateTable('practice')
			.set({ name, settings: JSON.stringify({ ...open, policy }) })
			.execute();
		return () => {
			this.#idleMs = Math.min(open.idleMs, this.#mostMs);
		};
	}

	/** The settings of a new practice: what nobody asks at setup, with what its first admin signed. As `write`. */
	async found(
		db: StoreTransaction,
		{ name, policy, author }: { name: string; policy: Signed; author: string },
	): Promise<() => void> {
		const { recording, recordAll, supervisorsOpen, share, idleMs } = policyIn(policy);
		const signed = { recording, recordAll, supervisorsOpen, share, idleMs };
		return this.write(db, { asked: { ...defaultSettings, ...signed, name, policy }, author });
	}

	async #check(
		db: StoreTransaction,
		{ asked, author }: { asked: NewSettings; author: string },
	): Promise<void> {
		const { policy, recording, recordAll, supervisorsOpen, share, idleMs } = asked;
		const said = policyIn(policy);
		const { id, settings } = await db
			.selectFrom('practice')
			.select(['id', 'settings'])
			.executeTakeFirstOrThrow();
		const member = await db
			.selectFrom('members')
			.select('public_identity')
			.where('id', '=', author)
			.executeTakeFirstOrThrow();
		const { ed25519 } = stored(PublicIdentity, member.public_identity);
		const fits =
			verifySigned(ed25519, 'sotto/practice-settings/v1', policy) &&
			said.practice === id &&
			said.author === author &&
			said.recording === recording &&
			said.recordAll === recordAll &&
			said.supervisorsOpen === supervisorsOpen &&
			said.share.mail === share.mail &&
			said.share.maxHours === share.maxHours &&
			said.share.links === share.links &&
			said.idleMs === idleMs;
		if (!fits) throw new ServerError('bad-request');
		const before = settings === null ? null : stored(Kept, settings).policy;
		const version = before === null ? 0 : policyIn(before).version;
		if (said.version <= version) throw new ServerError('conflict');
	}
}
