import { CryptoError } from '#crypto/errors.ts';
import { openSigned } from '#crypto/identity/signed.ts';
import { type MemberList, signingKeysOf, wasAdmin } from '#crypto/members/members.ts';
import { parseJson } from '#crypto/schema.ts';
import { SaidAct } from '#protocol/acts.ts';
import type { Recording } from '#protocol/recordings.ts';
import type { Signed } from '#protocol/text.ts';

/** An act as an administrator signed it. Throws `bad-signature`, `bad-encoding`. */
export async function openAdminAct(signed: Signed, members: MemberList): Promise<SaidAct> {
	const { who } = parseJson(SaidAct, signed.text);
	for (const publicKey of wasAdmin(members, who) ? signingKeysOf(members, who) : []) {
		try {
			return await openSigned({ signed, publicKey, context: 'sotto/act/v1', schema: SaidAct });
		} catch (error) {
			if (!(error instanceof CryptoError) || error.code !== 'bad-signature') throw error;
		}
	}
	throw new CryptoError('bad-signature');
}

/**
 * Demands that the host of a recording is who made it, or that an administrator signed that it was handed to her. `known` =
 * the recording itself and what it is a copy of: a copy has the host of its source. An earlier handing over can be shown in the
 * place of a later one. Throws `bad-signature`, `bad-encoding`.
 */
export async function demandHost(
	{ host, madeBy, handover }: Pick<Recording, 'host' | 'madeBy' | 'handover'>,
	{ members, known }: { members: MemberList; known: readonly string[] },
): Promise<void> {
	if (host === madeBy) return;
	if (!handover) throw new CryptoError('bad-signature');
	const { act, about, recording } = await openAdminAct(handover, members);
	if (act !== 'handed-over' || about !== host || !known.includes(recording))
		throw new CryptoError('bad-signature');
}
