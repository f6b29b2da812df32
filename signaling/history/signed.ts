import { ServerError } from '../errors.ts';
import { parse, stored } from '../parse.ts';
import { SaidAct } from '../protocol/acts.ts';
import { PublicIdentity, type Signed } from '../protocol/text.ts';
import { verifySigned } from '../signature.ts';
import type { Store, StoreTransaction } from '../store/database.ts';

function said({ text }: Signed): SaidAct {
	try {
		return parse(SaidAct, JSON.parse(text));
	} catch (cause) {
		throw new ServerError('bad-request', { cause });
	}
}

/**
 * What a member signed of this very act, to be written down with it; nothing where she signed nothing. Throws
 * `bad-request` for what is not by her, or of another act.
 */
export async function signedAct(
	db: Store | StoreTransaction,
	signed: Signed | undefined,
	act: Omit<SaidAct, 'v' | 'at' | 'about'> & { about?: string },
): Promise<{ signed?: Signed }> {
	if (!signed) return {};
	const { act: what, who, recording, about } = said(signed);
	const same = what === act.act && who === act.who && recording === act.recording;
	const row = await db
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', act.who)
		.executeTakeFirstOrThrow();
	const { ed25519 } = stored(PublicIdentity, row.public_identity);
	if (!same || about !== (act.about ?? null) || !verifySigned(ed25519, 'sotto/act/v1', signed))
		throw new ServerError('bad-request');
	return { signed };
}
