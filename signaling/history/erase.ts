import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { type Staff, staffOf } from '../guard.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import {
	Erasable,
	type ErasableRows,
	ErasureText,
	type Erasures,
	NewErasure,
	erasableAfterMs,
	erasingDriftMs,
} from '../protocol/erasing.ts';
import { HistoryRow } from '../protocol/sessions.ts';
import { PublicIdentity, type Signed } from '../protocol/text.ts';
import { verifySigned } from '../signature.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { HistoryTableRow } from '../store/tables.ts';
import { viewRow } from './read.ts';

/** What a row loses; its hash of these stays in `of`. */
const nothing = {
	who: null,
	session: null,
	recording: null,
	about: null,
	request: null,
	salt: null,
	reason: null,
	reason_hash: null,
	signed: null,
	signed_hash: null,
} as const;

/** Rows that may be erased, in order. */
async function erasable(
	{ clock }: Pick<Context, 'clock'>,
	db: Store | StoreTransaction,
	rows: readonly number[],
): Promise<HistoryTableRow[]> {
	return db
		.selectFrom('history')
		.selectAll()
		.where('n', 'in', rows)
		.where('at', '<=', clock.now() - erasableAfterMs)
		.where('salt', 'is not', null)
		.where('act', '!=', 'erased')
		.where((it) =>
			it.not(
				it.exists(
					it
						.selectFrom('recordings')
						.select('recordings.id')
						.where('recordings.state', '!=', 'deleted')
						.where((or) =>
							or.or([
								or('recordings.id', '=', or.ref('history.recording')),
								or('recordings.session', '=', or.ref('history.session')),
							]),
						),
				),
			),
		)
		.orderBy('n')
		.execute();
}

function textIn({ text }: Signed): ErasureText {
	try {
		return parse(ErasureText, JSON.parse(text));
	} catch (cause) {
		throw new ServerError('bad-request', { cause });
	}
}

/** What an admin signed of an erasing. Throws `bad-request` where she did not. */
async function opened(
	{ store, clock }: Context,
	staff: Staff,
	signed: Signed,
): Promise<ErasureText> {
	const text = textIn(signed);
	const member = await store
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', staff.member)
		.executeTakeFirstOrThrow();
	const practice = await store.selectFrom('practice').select('id').executeTakeFirstOrThrow();
	const { ed25519 } = stored(PublicIdentity, member.public_identity);
	const today = Math.abs(text.at - clock.now()) <= erasingDriftMs;
	const fits =
		today && text.practice === practice.id && text.author === staff.member && text.key === ed25519;
	if (!fits || !verifySigned(ed25519, 'sotto/erasure/v1', signed))
		throw new ServerError('bad-request');
	return text;
}

/** What else tells of the same: to whom something was given, and the words of closed requests. */
async function eraseBeside(
	{ clock }: Context,
	db: StoreTransaction,
	rows: readonly HistoryTableRow[],
): Promise<void> {
	const until = clock.now() - erasableAfterMs;
	for (const { act, about, recording, who } of rows) {
		if (act === 'shared' && about !== null)
			await db.deleteFrom('disclosures').where('id', '=', about).execute();
		if (act === 'exported' && recording !== null && who !== null)
			await db
				.deleteFrom('disclosures')
				.where('act', '=', 'exported')
				.where('recording', '=', recording)
				.where('member', '=', who)
				.where('at', '<=', until)
				.execute();
		if (about !== null && act.startsWith('request-'))
			await db
				.updateTable('requests')
				.set({ content: null, member: null, extend_words: null, close_words: null })
				.where('id', '=', about)
				.where('closed_at', '<=', until)
				.execute();
	}
}

async function erase(context: Context, staff: Staff, signed: Signed): Promise<void> {
	const { store, history } = context;
	const wanted = new Set((await opened(context, staff, signed)).rows);
	await store.transaction().execute(async (db) => {
		const rows = await erasable(context, db, [...wanted]);
		const { count } = await db
			.selectFrom('history')
			.select((it) => it.fn.countAll<number>().as('count'))
			.where('n', 'in', [...wanted])
			.where('salt', 'is', null)
			.executeTakeFirstOrThrow();
		if (rows.length + count !== wanted.size) throw new ServerError('conflict');
		if (rows.length === 0) return;
		await eraseBeside(context, db, rows);
		const numbers = rows.map(({ n }) => n);
		await db.updateTable('history').set(nothing).where('n', 'in', numbers).execute();
		await history.add(db, { act: 'erased', who: staff.member, signed });
	});
	await context.shares.scrub();
}

/** The row of an erasing; nothing of one that makes no sense, which explains nothing and must not hide the others. */
function viewed(row: HistoryTableRow): HistoryRow[] {
	try {
		const view = v.safeParse(HistoryRow, viewRow(row));
		return view.success ? [view.output] : [];
	} catch {
		return [];
	}
}

/** /api/log/erasable, /api/log/erasures. */
export function erasingRoutes(app: FastifyInstance, context: Context): void {
	const { store } = context;
	app.post('/log/erasable', async (request): Promise<v.InferOutput<typeof ErasableRows>> => {
		await staffOf(context, request);
		const { rows } = bodyOf(Erasable, request);
		return { rows: (await erasable(context, store, rows)).map(({ n }) => n) };
	});
	app.post('/log/erasures', async (request, reply) => {
		const staff = await staffOf(context, request);
		await erase(context, staff, bodyOf(NewErasure, request).signed);
		return reply.code(204).send();
	});
	app.get('/log/erasures', async (request): Promise<v.InferOutput<typeof Erasures>> => {
		await staffOf(context, request);
		const rows = await store
			.selectFrom('history')
			.selectAll()
			.where('act', '=', 'erased')
			.orderBy('n')
			.execute();
		return { rows: rows.flatMap(viewed) };
	});
}
