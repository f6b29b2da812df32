import * as v from 'valibot';
import { ServerError } from '../errors.ts';
import { parse, stored } from '../parse.ts';
import { RetentionPolicy } from '../protocol/retention.ts';
import { PublicIdentity, Signed } from '../protocol/text.ts';
import { verifySigned } from '../signature.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

/** How long the practice keeps recordings by their purpose, as an admin signed it last. */
export async function readPolicy(db: Store | StoreTransaction): Promise<Signed | null> {
	const row = await db
		.selectFrom('retention_policies')
		.select('content')
		.orderBy('version', 'desc')
		.limit(1)
		.executeTakeFirst();
	return row ? stored(Signed, row.content) : null;
}

/**
 * Keeps what an admin signed beside what was signed before. Throws `bad-request` when she did not sign just this for
 * this practice, `conflict` unless its version is a higher one. No recording that exists is touched.
 */
export async function writePolicy(
	db: StoreTransaction,
	{ policy, author, at }: { policy: Signed; author: string; at: number },
): Promise<void> {
	const { id } = await db.selectFrom('practice').select('id').executeTakeFirstOrThrow();
	const member = await db
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', author)
		.executeTakeFirstOrThrow();
	const { ed25519 } = stored(PublicIdentity, member.public_identity);
	if (!verifySigned(ed25519, 'sotto/retention-policy/v1', policy))
		throw new ServerError('bad-request');
	const said = parse(v.pipe(v.string(), v.parseJson(), RetentionPolicy), policy.text);
	if (said.practice !== id || said.author !== author) throw new ServerError('bad-request');
	const { version } = await db
		.selectFrom('retention_policies')
		.select((it) => it.fn.max('version').as('version'))
		.executeTakeFirstOrThrow();
	if (said.version <= (version ?? 0)) throw new ServerError('conflict');
	await db
		.insertInto('retention_policies')
		.values({ version: said.version, content: JSON.stringify(policy), at })
		.execute();
}
