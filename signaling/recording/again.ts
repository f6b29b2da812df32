import type * as v from 'valibot';
import { formerOf } from '../account/former.ts';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { stored } from '../parse.ts';
import { Grant, type NewGrant } from '../protocol/recordings.ts';
import { PublicIdentity } from '../protocol/text.ts';
import { sha256 } from '../random.ts';
import { verifySignature } from '../signature.ts';

type Asked = Pick<v.InferOutput<typeof NewGrant>, 'grant' | 'replaces'>;

/** Grants in force of the same recipient that these replace, and that last no shorter. */
async function replacedBy({ store, clock }: Context, asked: Asked): Promise<Grant[]> {
	const { grant, replaces } = asked;
	if (replaces.length === 0) return [];
	const { expiresAt } = grant;
	const rows = await store
		.selectFrom('grants')
		.select('content')
		.where('recording', '=', grant.recording)
		.where('recipient', '=', grant.recipient)
		.where('id', 'in', replaces)
		.where((it) => it.or([it('expires_at', 'is', null), it('expires_at', '>', clock.now())]))
		.where((it) => {
			const never = it('expires_at', 'is', null);
			return expiresAt === null ? never : it.or([never, it('expires_at', '>=', expiresAt)]);
		})
		.execute();
	return rows.map(({ content }) => stored(Grant, content));
}

/** Whether the recipient of a grant opens nothing by it that she does not open now: it is for keys that she has anew. */
export async function isAgain(context: Context, asked: Asked): Promise<boolean> {
	return (await replacedBy(context, asked)).length > 0;
}

/** What the grantor signed: canonical JSON (RFC 8785) of strings and whole numbers, which is that of their names in order. */
function messageOf(grant: Grant): Buffer {
	const ordered = Object.entries(grant)
		.filter(([name]) => name !== 'signature')
		.toSorted(([a], [b]) => (a < b ? -1 : 1));
	return Buffer.from(JSON.stringify(Object.fromEntries(ordered)));
}

/**
 * For who wraps for new keys of her own what she can open herself: a token alone puts nothing in the place of her grants.
 * Throws `forbidden` unless keys of before are kept and one of what is replaced is for them, `bad-request` unless the keys that
 * she has now signed it and it is for them.
 */
export async function demandOwn(context: Context, member: string, asked: Asked): Promise<void> {
	const { grant } = asked;
	const former = await formerOf(context.store, member);
	const replaced = await replacedBy(context, asked);
	const forOthers = replaced.some(({ recipientKey }) => recipientKey !== grant.recipientKey);
	if (former === undefined || !forOthers) throw new ServerError('forbidden');
	const row = await context.store
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', member)
		.executeTakeFirstOrThrow();
	const { ed25519, x25519, xwing } = stored(PublicIdentity, row.public_identity);
	const to = sha256(Buffer.from(xwing ?? x25519, 'base64url')).toString('base64url');
	const signed = verifySignature({
		publicKey: ed25519,
		context: 'sotto/grant/v1',
		message: messageOf(grant),
		signature: grant.signature,
	});
	if (grant.recipientKey !== to || !signed) throw new ServerError('bad-request');
}
