import type { StoreTransaction } from '../store/database.ts';

/** Erases all shares of a recording; says how many there were, and how many of their mails were not sent yet. */
export async function purgeShares(
	db: StoreTransaction,
	recording: string,
): Promise<{ shares: number; messages: number }> {
	const rows = await db
		.selectFrom('shares')
		.select(['id', 'mail'])
		.where('recording', '=', recording)
		.execute();
	if (rows.length > 0)
		await db
			.deleteFrom('share_openings')
			.where(
				'share',
				'in',
				rows.map(({ id }) => id),
			)
			.execute();
	await db.deleteFrom('shares').where('recording', '=', recording).execute();
	const messages = rows.filter(({ mail }) => mail === 'waiting' || mail === 'held').length;
	return { shares: rows.length, messages };
}
