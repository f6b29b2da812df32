import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import { backupsMade } from '../backup/made.ts';
import type { Context } from '../context.ts';
import { copiesOf } from '../copies/copies.ts';
import { ServerError } from '../errors.ts';
import { type Staff, staffOf } from '../guard.ts';
import { parse, stored } from '../parse.ts';
import {
	type DeletionReceipt,
	DeletionWish,
	Destroyed,
	type NotReached,
} from '../protocol/deletion.ts';
import { Id, PublicIdentity, Signed } from '../protocol/text.ts';
import { endSetBy } from '../retention/kept.ts';
import { verifySigned } from '../signature.ts';
import type { Store } from '../store/database.ts';

const Params = v.object({ id: Id });

/** A recording, deleted or not, that this member hosts or that is an admin's to care for. Throws `not-found`. */
export async function ownRecording(
	store: Store,
	{ member, role }: Staff,
	id: string,
): Promise<{ startedAt: number }> {
	const row = await store
		.selectFrom('recordings')
		.select(['host', 'started_at'])
		.where('id', '=', id)
		.executeTakeFirst();
	if (!row || (row.host !== member && role !== 'admin')) throw new ServerError('not-found');
	return { startedAt: row.started_at };
}

function wishIn({ text }: Signed): DeletionWish {
	try {
		return parse(DeletionWish, JSON.parse(text));
	} catch (cause) {
		throw new ServerError('bad-request', { cause });
	}
}

/** Throws `bad-request` when a wish is not this member's about this recording. */
export async function checkWish(
	store: Store,
	{ member }: Staff,
	{ recording, wish }: { recording: string; wish: Signed | undefined },
): Promise<void> {
	if (!wish) return;
	const said = wishIn(wish);
	const row = await store
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', member)
		.executeTakeFirstOrThrow();
	const { ed25519 } = stored(PublicIdentity, row.public_identity);
	const fits = said.recording === recording && said.author === member;
	if (!fits || !verifySigned(ed25519, 'sotto/deletion/v1', wish))
		throw new ServerError('bad-request');
}

/** What the history tells of who had it, and the data directory of backups. */
async function notReached(
	{ store, clock, config }: Context,
	{ recording, startedAt, at }: { recording: string; startedAt: number; at: number },
): Promise<NotReached> {
	const rows = await store
		.selectFrom('history')
		.select(['act', 'who', 'about'])
		.where('recording', '=', recording)
		.where('act', 'in', ['opened', 'played', 'exported', 'share-opened'])
		.orderBy('n')
		.execute();
	const of = (...acts: string[]) => rows.filter(({ act }) => acts.includes(act));
	// A copy that expired opens no more, and its device removes it without being told.
	const copies = (await copiesOf(store, recording)).filter((copy) => copy.expires_at > clock.now());
	// A backup that was brought up to date since does not hold it any more.
	const holding = (await backupsMade(config.dataDir)).filter(
		(backup) => backup.at >= startedAt && backup.at <= at,
	);
	return {
		openers: new Set(of('opened', 'played').map(({ who }) => who)).size,
		exports: of('exported').length,
		shares: new Set(of('share-opened').map(({ about }) => about)).size,
		copies: copies.length,
		backups: holding.length,
		lastBackupAt: holding.length > 0 ? Math.max(...holding.map((backup) => backup.at)) : null,
	};
}

/** /api/recordings/:id/receipt. */
export function receiptRoutes(app: FastifyInstance, context: Context): void {
	const { store } = context;
	app.get('/recordings/:id/receipt', async (request): Promise<DeletionReceipt> => {
		const staff = await staffOf(context, request);
		const { id: recording } = parse(Params, request.params);
		const { startedAt } = await ownRecording(store, staff, recording);
		const row = await store
			.selectFrom('deletions')
			.selectAll()
			.where('recording', '=', recording)
			.executeTakeFirst();
		if (!row) throw new ServerError('not-found');
		const setBy = row.act === 'kept-until-over' ? await endSetBy(store, recording) : null;
		const { at, act, who: by, erased_at: erasedAt, wish, destroyed } = row;
		return {
			recording,
			act,
			by,
			...(setBy !== null && { setBy }),
			startedAt,
			at,
			erasedAt,
			wish: wish === null ? null : stored(Signed, wish),
			destroyed: stored(Destroyed, destroyed),
			notReached: await notReached(context, { recording, startedAt, at }),
		};
	});
}
