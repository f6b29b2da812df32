import { type Bytes, random } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { unwrap, wrap } from './wrap.ts';

declare const brand: unique symbol;

/** 32 random bytes under which everything of an account is sealed. It is never derived from a password: unlockers only unwrap it. */
export type AccountKey = Bytes & { readonly [brand]: 'AccountKey' };

/** Length of an account key. */
export const accountKeyBytes = 32;

function isAccountKey(bytes: Bytes): bytes is AccountKey {
	return bytes.length === accountKeyBytes;
}

/** The same bytes as an account key. Throws `bad-key` unless they are 32. */
export function toAccountKey(bytes: Bytes): AccountKey {
	if (!isAccountKey(bytes)) throw new CryptoError('bad-key');
	return bytes;
}

/** A fresh random account key. */
export function createAccountKey(): AccountKey {
	return toAccountKey(random(accountKeyBytes));
}

/** Seals data of the account (its identity, its notes). `context` names the thing and must be given again to open it. */
export async function sealUnderAccountKey(
	accountKey: AccountKey,
	context: string,
	plaintext: Bytes,
): Promise<Bytes> {
	return wrap({ secret: toAccountKey(accountKey), context: data(context), plaintext });
}

/** Opens what `sealUnderAccountKey` made. Throws `open-failed` for another key or context and for altered bytes, `truncated`, `unknown-version`. */
export async function openUnderAccountKey(
	accountKey: AccountKey,
	context: string,
	sealed: Bytes,
): Promise<Bytes> {
	return unwrap({ secret: toAccountKey(accountKey), context: data(context), wrapped: sealed });
}

function data(context: string) {
	return { purpose: 'sotto/account/data/v1', belongsTo: context } as const;
}
