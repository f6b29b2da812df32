import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import { parse, stored } from '../parse.ts';
import { type Retention, RetentionText, leftToOthersMs } from '../protocol/retention.ts';
import { NoticeText } from '../protocol/sessions.ts';
import { PublicIdentity, Signed } from '../protocol/text.ts';
import { presentRecording } from '../recording/access.ts';
import { verifySigned } from '../signature.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { RetentionTableRow } from '../store/rows/retention.ts';
import type { RecordingTableRow } from '../store/tables.ts';
import { endsAt } from './due.ts';

const Json = v.pipe(v.string(), v.parseJson());

/** Of a recording about which nothing was ever said: made before there were dates, or of a tab. */
const unsaid: Omit<RetentionTableRow, 'recording'> = {
	version: 0,
	purpose: null,
	kept_until: null,
	minutes: null,
	hold: 0,
	statement: null,
	at: 0,
};

/** What the people were told before they agreed holds from the first moment, until somebody signs something else. */
export async function keepAsNoticed(
	{ history, clock }: Context,
	db: StoreTransaction,
	options: { recording: string; session: string; who: string },
): Promise<void> {
	const { recording, session, who } = options;
	const { notice } = await db
		.selectFrom('sessions')
		.select('notice')
		.where('id', '=', session)
		.executeTakeFirstOrThrow();
	if (notice === null) return;
	const read = v.safeParse(v.pipe(Json, NoticeText), stored(Signed, notice).text);
	// The notices of older versions are read too; what is none says no date.
	if (!read.success) return;
	const { keptUntil, keeping } = read.output;
	// What is kept for a court goes only when somebody says so.
	const hold = keeping?.purpose === 'legal';
	if (hold) await history.add(db, { act: 'hold-placed', who, session, recording });
	await db
		.insertInto('retentions')
		.values({
			...unsaid,
			recording,
			at: clock.now(),
			purpose: keeping?.purpose ?? null,
			kept_until: keptUntil,
			minutes: keptUntil === null ? (keeping?.minutes ?? null) : null,
			hold: hold ? 1 : 0,
		})
		.execute();
}

/** A shortened copy is kept as long as what it was made of, and held where that is held, until somebody signs something else. */
export async function keepAsSource(
	db: StoreTransaction,
	{ recording, source, at }: { recording: string; source: string; at: number },
): Promise<void> {
	const { purpose, kept_until, minutes, hold } = await keptOf(db, source);
	await db
		.insertInto('retentions')
		.values({ ...unsaid, recording, at, purpose, kept_until, minutes, hold })
		.execute();
}

async function keptOf(
	db: Store | StoreTransaction,
	recording: string,
): Promise<Omit<RetentionTableRow, 'recording'>> {
	const row = await db
		.selectFrom('retentions')
		.selectAll()
		.where('recording', '=', recording)
		.executeTakeFirst();
	return row ?? unsaid;
}

/** As everybody sees it who may. */
export function viewRetention(
	row: Omit<RetentionTableRow, 'recording' | 'at'>,
	recording: RecordingTableRow,
): Retention {
	return {
		recording: recording.id,
		version: row.version,
		purpose: row.purpose,
		keptUntil: row.kept_until,
		minutes: row.minutes,
		hold: row.hold !== 0,
		endsAt: endsAt(row, recording),
		statement: row.statement === null ? null : stored(Signed, row.statement),
	};
}

export async function readRetention(
	store: Store,
	recording: RecordingTableRow,
): Promise<Retention> {
	const row = await keptOf(store, recording.id);
	const view = viewRetention(row, recording);
	return view.hold ? { ...view, heldBy: await holderOf(store, recording.id) } : view;
}

/** Who did this to it last; null where nobody did. */
async function lastToDo(
	db: Store | StoreTransaction,
	{ recording, act }: { recording: string; act: 'hold-placed' | 'retention-set' },
): Promise<string | null> {
	const row = await db
		.selectFrom('history')
		.select('who')
		.where('recording', '=', recording)
		.where('act', '=', act)
		.orderBy('n', 'desc')
		.limit(1)
		.executeTakeFirst();
	return row?.who ?? null;
}

/** Who placed the hold on it; of a shortened copy that is held since it was made, who placed it on its source. */
async function holderOf(db: Store | StoreTransaction, recording: string): Promise<string | null> {
	const holder = await lastToDo(db, { recording, act: 'hold-placed' });
	if (holder !== null) return holder;
	const made = await db
		.selectFrom('derivatives')
		.select('source')
		.where('recording', '=', recording)
		.executeTakeFirst();
	return made ? holderOf(db, made.source) : null;
}

/** Who set the end of its time; null where that is as the notice said. */
export const endSetBy = (db: Store, recording: string): Promise<string | null> =>
	lastToDo(db, { recording, act: 'retention-set' });

async function textOf(
	db: StoreTransaction,
	{ statement, author }: { statement: Signed; author: string },
): Promise<RetentionText> {
	const { public_identity } = await db
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', author)
		.executeTakeFirstOrThrow();
	const { ed25519 } = stored(PublicIdentity, public_identity);
	if (!verifySigned(ed25519, 'sotto/retention/v1', statement)) throw new ServerError('bad-request');
	return parse(v.pipe(Json, RetentionText), statement.text);
}

/** Whether the second ends before the first. */
const endsSooner = (before: number | null, after: number | null): boolean =>
	after !== null && (before === null || after < before);

const storedEnd = (row: Omit<RetentionTableRow, 'recording'>, recording: RecordingTableRow) =>
	endsAt({ ...row, hold: 0 }, recording);

/**
 * What no statement does: end something sooner that it releases in the same breath, end it at once for who may not
 * delete it, release what somebody else holds. Throws `bad-request`, `forbidden`.
 */
async function checkPower(
	{ clock }: Context,
	db: StoreTransaction,
	options: {
		staff: Staff;
		row: RecordingTableRow;
		said: RetentionText;
		sooner: boolean;
		released: boolean;
	},
): Promise<void> {
	const { staff, row, said, sooner, released } = options;
	const admin = staff.role === 'admin';
	const mayDelete = admin || row.host === staff.member;
	if (!mayDelete && staff.role !== 'supervisor') throw new ServerError('forbidden');
	if (sooner && (!said.shortens || released)) throw new ServerError('bad-request');
	const soon = said.keptUntil !== null && said.keptUntil < clock.now() + leftToOthersMs;
	if (sooner && soon && !mayDelete) throw new ServerError('forbidden');
	if (released && !admin && (await holderOf(db, row.id)) !== staff.member)
		throw new ServerError('forbidden');
}

/**
 * Takes over what a member signed. Throws `forbidden` unless she is host, admin or supervisor and may do just this,
 * `bad-request` for what she did not sign just so, or what shortens without saying it or together with a release,
 * `conflict` unless it follows the newest, `gone`.
 */
export async function setRetention(
	context: Context,
	staff: Staff,
	options: { recording: string; statement: Signed },
): Promise<void> {
	const { store, history, clock } = context;
	const { recording, statement } = options;
	await store.transaction().execute(async (db) => {
		const row = await presentRecording(db, recording);
		const said = await textOf(db, { statement, author: staff.member });
		if (said.recording !== recording || said.author !== staff.member)
			throw new ServerError('bad-request');
		const before = await keptOf(db, recording);
		if (said.version !== before.version + 1) throw new ServerError('conflict');
		const sooner = endsSooner(storedEnd(before, row), said.keptUntil);
		const released = before.hold !== 0 && !said.hold;
		await checkPower(context, db, { staff, row, said, sooner, released });
		const values = {
			version: said.version,
			purpose: said.purpose,
			kept_until: said.keptUntil,
			minutes: null,
			hold: said.hold ? 1 : 0,
			statement: JSON.stringify(statement),
			at: clock.now(),
		};
		await db
			.insertInto('retentions')
			.values({ recording, ...values })
			.onConflict((it) => it.column('recording').doUpdateSet(values))
			.execute();
		const about = { who: staff.member, session: row.session, recording, signed: statement };
		if (said.hold && before.hold === 0) await history.add(db, { act: 'hold-placed', ...about });
		if (released) await history.add(db, { act: 'hold-released', ...about });
		const same = said.keptUntil === storedEnd(before, row) && said.purpose === before.purpose;
		if (!same) await history.add(db, { act: 'retention-set', ...about });
	});
}
