import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { Expiring } from '../expiring.ts';
import { shareWordsTries } from '../protocol/shares.ts';
import { newId } from '../random.ts';
import type { StoreTransaction } from '../store/database.ts';
import type { ShareTableRow } from '../store/rows/shares.ts';
import { close, note, openShare, shareRow } from './rows.ts';
import type { ShareHolder } from './tokens.ts';

/** A try of the words that was begun must be finished within this time. */
const tryMs = 60_000;
const triesMax = 10_000;

/** What a recipient gets. */
export interface Given {
	recording: string;
	expiresAt: number;
	content: string;
}

/** Under which name OPAQUE knows the words of a share. */
export const identifierOf = (share: string): string => `share:${share}`;

/** Gives the content, and counts it. */
export async function give(
	context: Context,
	db: StoreTransaction,
	row: ShareTableRow,
): Promise<Given> {
	const { id, recording, content, expires_at: expiresAt, openings } = row;
	if (content === null) throw new ServerError('not-ready');
	await db
		.updateTable('shares')
		.set({ openings: openings + 1 })
		.where('id', '=', id)
		.execute();
	await db
		.insertInto('share_openings')
		.values({ share: id, n: openings + 1, at: context.clock.now() })
		.execute();
	await note(context, db, row, { act: 'share-opened' });
	return { recording, expiresAt, content };
}

/** Five words: each try is counted before the server answers it, so nobody has one that is not. */
export class ShareWords {
	readonly #context: Context;
	readonly #begun: Expiring<{ holder: ShareHolder; state: string }>;

	constructor(context: Context) {
		this.#context = context;
		this.#begun = new Expiring({ clock: context.clock, lifeMs: tryMs, max: triesMax });
	}

	/** Throws `gone`, also when it was tried too often, `conflict` for a share without words, `bad-request`. */
	async start(
		holder: ShareHolder,
		startLoginRequest: string,
	): Promise<{ try: string; loginResponse: string }> {
		const { store, opaque } = this.#context;
		const { share } = holder;
		const record = await store.transaction().execute(async (db) => {
			const row = await openShare(this.#context, db, share);
			if (row.record === null) throw new ServerError('conflict');
			if (row.words_tries >= shareWordsTries) {
				await this.#lock(db, row);
				return undefined;
			}
			await db
				.updateTable('shares')
				.set({ words_tries: row.words_tries + 1 })
				.where('id', '=', share)
				.execute();
			return row.record;
		});
		if (record === undefined) throw await this.#locked();
		const email = identifierOf(share);
		const login = opaque.startLogin({ email, record, startLoginRequest });
		const id = newId();
		this.#begun.set(id, { holder, state: login.serverLoginState });
		return { try: id, loginResponse: login.loginResponse };
	}

	/** Throws `login-failed` with `next` = tries left, `gone` when none is. */
	async finish(
		holder: ShareHolder,
		options: { try: string; finishLoginRequest: string | null },
	): Promise<Given> {
		const { store } = this.#context;
		const begun = this.#begun.take(options.try);
		if (begun?.holder !== holder) throw new ServerError('login-failed');
		if (!this.#isRight(begun.state, options.finishLoginRequest)) throw await this.#wrong(holder);
		return store.transaction().execute(async (db) => {
			const row = await openShare(this.#context, db, holder.share);
			await db.updateTable('shares').set({ words_tries: 0 }).where('id', '=', row.id).execute();
			const given = await give(this.#context, db, row);
			holder.opened = true;
			return given;
		});
	}

	#isRight(state: string, finishLoginRequest: string | null): boolean {
		if (finishLoginRequest === null) return false;
		try {
			this.#context.opaque.finishLogin(state, finishLoginRequest);
			return true;
		} catch (error) {
			if (error instanceof ServerError && error.code === 'login-failed') return false;
			throw error;
		}
	}

	async #wrong({ share }: ShareHolder): Promise<ServerError> {
		const left = await this.#context.store.transaction().execute(async (db) => {
			const row = await openShare(this.#context, db, share);
			await note(this.#context, db, row, { act: 'share-words-wrong' });
			if (row.words_tries >= shareWordsTries) await this.#lock(db, row);
			return shareWordsTries - row.words_tries;
		});
		if (left > 0) return new ServerError('login-failed', { next: left });
		return this.#locked();
	}

	async #lock(db: StoreTransaction, { id, mail }: ShareTableRow): Promise<void> {
		await close(this.#context, db, { id, state: 'locked', mail });
		const row = await shareRow(db, id);
		await note(this.#context, db, row, { act: 'share-ended' });
	}

	async #locked(): Promise<ServerError> {
		const { shares, hub } = this.#context;
		await shares.scrub();
		hub.changed('recordings');
		return new ServerError('gone');
	}
}
