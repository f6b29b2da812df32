import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import type { Staff } from '../guard.ts';
import type { FinishDerivative } from '../protocol/revisions.ts';
import type { StoreTransaction } from '../store/database.ts';
import { presentRecording } from './access.ts';
import { commitDeletion, settleDeletion } from './deletion.ts';
import { demandSamePeople } from './kin.ts';
import { checkKept } from './recordings.ts';

interface Copying {
	readonly source: string;
	readonly derivative: string;
}

/** Its source is deleted: it takes that one's place, and goes with what that one was to go with. */
async function takePlace(db: StoreTransaction, { source, derivative }: Copying): Promise<void> {
	const parent = await db
		.selectFrom('derivatives')
		.select('source')
		.where('recording', '=', source)
		.where('replaces', '=', 0)
		.executeTakeFirst();
	await db
		.updateTable('derivatives')
		.set(parent ? { source: parent.source } : { replaces: 1 })
		.where('recording', '=', derivative)
		.execute();
}

/**
 * A shortened copy is whole: from now on it is listed. Where it takes the place of its source, that is deleted in the same
 * commit: neither is there without the other. Done again it does no harm. Throws `not-found`, `gone`, `conflict`: something
 * is not stored as the client says, somebody's track was destroyed in the source meanwhile, or the source may not be deleted.
 */
export async function finishDerivative(
	context: Context,
	staff: Staff,
	options: Copying & { wanted: FinishDerivative },
): Promise<void> {
	const { store, clock, history } = context;
	const { source, derivative, wanted } = options;
	const { keep, replaces, wish } = wanted;
	const at = clock.now();
	const deletion = { recording: source, who: staff.member, wish, at };
	const deleted = await store.transaction().execute(async (db) => {
		const known = await db
			.selectFrom('derivatives')
			.select('recording')
			.where('recording', '=', derivative)
			.where('source', '=', source)
			.executeTakeFirst();
		if (!known) throw new ServerError('not-found');
		await presentRecording(db, source);
		const { state, session } = await presentRecording(db, derivative);
		await checkKept(db, derivative, { keep, remove: [] });
		if (state === 'finished') return false;
		await demandSamePeople(db, { source, derivative, keep });
		await db
			.updateTable('recordings')
			.set({ state: 'finished', finished_at: at })
			.where('id', '=', derivative)
			.execute();
		const row = { act: 'passage-cut', who: staff.member, session } as const;
		await history.add(db, { ...row, recording: source, about: derivative });
		await history.add(db, { ...row, recording: derivative, about: source });
		if (!replaces) return false;
		await takePlace(db, { source, derivative });
		return commitDeletion(context, db, deletion);
	});
	if (deleted) await settleDeletion(context, deletion);
}
