import { CryptoError } from '#crypto/errors.ts';
import { openSigned } from '#crypto/identity/signed.ts';
import { type MemberList, signingKeysOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { DeletionReceipt, DeletionWish } from '#protocol/deletion.ts';

/** A receipt, and whether the member whom it names signed that she wants this recording deleted. */
export interface Receipt extends DeletionReceipt {
	readonly signed: 'by-her' | 'by-nobody' | 'forged';
}

/**
 * Whether `by` signed the wish that the server shows: `by-nobody` when it shows none, `forged` when another signed it
 * or it is about something else.
 */
export async function judgeWish(
	{ recording, by, wish }: Pick<DeletionReceipt, 'recording' | 'by' | 'wish'>,
	members: MemberList,
): Promise<Receipt['signed']> {
	if (!wish) return 'by-nobody';
	for (const publicKey of by === null ? [] : signingKeysOf(members, by)) {
		try {
			const context = 'sotto/deletion/v1';
			const said = await openSigned({ signed: wish, publicKey, context, schema: DeletionWish });
			if (said.recording === recording && said.author === by) return 'by-her';
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
		}
	}
	return 'forged';
}

/** The receipt of a deleted recording; undefined where there is none that this member may read. Throws `ApiError`. */
export async function fetchReceipt(recording: string): Promise<Receipt | undefined> {
	try {
		const path = `/api/recordings/${recording}/receipt`;
		const receipt = await fetchJson(DeletionReceipt, { path });
		return { ...receipt, signed: await judgeWish(receipt, account.members) };
	} catch (error) {
		if (isApiError(error, 'not-found') || isApiError(error, 'forbidden')) return undefined;
		throw error;
	}
}
