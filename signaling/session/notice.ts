import * as v from 'valibot';
import { ServerError } from '../errors.ts';
import { parse } from '../parse.ts';
import { NoticeText } from '../protocol/sessions.ts';
import { limits } from '../protocol/limits.ts';
import type { Signed } from '../protocol/text.ts';
import { verifySigned } from '../signature.ts';

/**
 * Whether a notice is one that its readers will believe: of this session, signed by its host. They check it
 * themselves; here it keeps what nobody could ever agree to out of the mail. Throws `bad-request`.
 */
export function checkNotice(signed: Signed, of: { session: string; hostKey: string }): void {
	if (signed.text.length > limits.noticeChars) throw new ServerError('bad-request');
	const { session, hostKey } = parse(v.pipe(v.string(), v.parseJson(), NoticeText), signed.text);
	const fits = session === of.session && hostKey === of.hostKey;
	if (!fits || !verifySigned(of.hostKey, 'sotto/notice/v1', signed))
		throw new ServerError('bad-request');
}
