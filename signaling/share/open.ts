import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { Expiring } from '../expiring.ts';
import { shareWordsTries } from '../protocol/shares.ts';
import { newId } from '../random.ts';
import type { StoreTransaction } from '../store/database.ts';
import type { ShareTableRow } from '../store/rows/shares.ts';
import { close, note, noteOften, openShare, shareRow } from './rows.ts';
import type { ShareHolder } from './tokens.ts';

/** A try of the words that was begun must be finished within this time. */
const tryMs = 60_000;
const triesMax = 10_000;
/** Who asks again with the same token within this time opens it once. */
const sameOpeningMs = 60_000;

/** What a recipient gets. */
export interface Given {
	recording: string;
	expiresAt: number;
	content: string;
}

/** Under which name OPAQUE knows the words of a share. */
export const identifierOf = (share: string): string => `share:${share}`;

/** Gives the content, and counts it: once a minute for one token, however often it asks. */
async function give(
	context: Context,
	db: StoreTransaction,
	{ row, holder }: { row: ShareTableRow; holder: ShareHolder },
): Promise<Given> {
	const { id, recording, content, expires_at: expiresAt, openings } = row;
	if (content === null) throw new ServerError('not-ready');
	const now = context.clock.now();
	const given = { recording, expiresAt, content };
	if (holder.openedAt !== undefined && now - holder.openedAt < sameOpeningMs) return given;
	holder.openedAt = now;
	await db
		.updateTable('shares')
		.set({ openings: openings + 1 })
		.where('id', '=', id)
		.execute();
	if (await noteOften(context, db, row, 'share-opened'))
		await db
			.insertInto('share_openings')
			.values({ share: id, n: openings + 1, at: now })
			.execute();
	return given;
}

/** Gives the content of the share that `check` finds open for this token. Throws as `check`, and `not-ready`. */
export async function giveTo(
	context: Context,
	holder: ShareHolder,
	check: (db: StoreTransaction) => Promise<ShareTableRow>,
): Promise<Given> {
	const { openedAt } = holder;
	try {
		const given = await context.store
			.transaction()
			.execute(async (db) => give(context, db, { row: await check(db), holder }));
		holder.opened = true;
		return given;
	} catch (error) {
		// Nothing was given, so the next one is an opening.
		holder.openedAt = openedAt;
		throw error;
	}
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
		const begun = this.#begun.take(options.try);
		if (begun?.holder !== holder) throw new ServerError('login-failed');
		if (!this.#isRight(begun.state, options.finishLoginRequest)) throw await this.#wrong(holder);
		return giveTo(this.#context, holder, async (db) => {
			const row = await openShare(this.#context, db, holder.share);
			await db.updateTable('shares').set({ words_tries: 0 }).where('id', '=', row.id).execute();
			return row;
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
			await noteOften(this.#context, db, row, 'share-words-wrong');
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
