import * as v from 'valibot';
import { practiceOf } from '../account/members.ts';
import { ServerError } from '../errors.ts';
import { parse } from '../parse.ts';
import { limits } from '../protocol/limits.ts';
import { Bytes32, Signed, type SignedList } from '../protocol/text.ts';
import { verifySigned } from '../signature.ts';
import type { StoreTransaction } from '../store/database.ts';

type List = v.InferOutput<typeof SignedList>;

const Listed = v.object({
	practice: v.string(),
	version: v.number(),
	// Clients open no list that is longer, so it must not become the newest.
	members: v.pipe(
		v.array(v.object({ id: v.string(), role: v.string() })),
		v.maxLength(limits.practiceMembersMax),
	),
	spent: v.optional(v.pipe(v.array(v.unknown()), v.maxLength(limits.spentMax))),
	handovers: v.optional(v.array(Signed), []),
});
const Handover = v.object({
	practice: v.string(),
	version: v.number(),
	from: Bytes32,
	to: Bytes32,
});
const Version = v.object({ version: v.number() });

function json(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (cause) {
		throw new ServerError('bad-request', { cause });
	}
}

/** The key that signs this list: the practice's own, or the one that it hands itself on to with it. Throws `bad-request`. */
function signerOf(list: List, practice: { id: string; publicKey: string }): string {
	const { version, handovers } = parse(Listed, json(list.text));
	const last = handovers.at(-1);
	if (!last) return practice.publicKey;
	const handover = parse(Handover, json(last.text));
	if (handover.version !== version) return practice.publicKey;
	const fits = handover.practice === practice.id && handover.from === practice.publicKey;
	if (!fits || !verifySigned(practice.publicKey, 'sotto/practice-handover/v1', last))
		throw new ServerError('bad-request');
	return handover.to;
}

/**
 * Puts a newer member list in the place of the newest. The server only keeps the order: clients verify
 * the list themselves. Throws `bad-request` when the practice key has not signed it, `conflict` unless its
 * version is the next. Gives the role of everybody who is in it.
 */
export async function replaceList(db: StoreTransaction, list: List): Promise<Map<string, string>> {
	const { id, publicKey, memberList } = await practiceOf(db);
	const signer = signerOf(list, { id, publicKey });
	if (!verifySigned(signer, 'sotto/member-list/v1', list)) throw new ServerError('bad-request');
	const { practice, version, members } = parse(Listed, json(list.text));
	const newest = parse(Version, json(memberList.text));
	if (practice !== id) throw new ServerError('bad-request');
	if (version !== newest.version + 1) throw new ServerError('conflict');
	await db
		.updateTable('practice')
		.set({ member_list: JSON.stringify(list), public_key: signer })
		.execute();
	return new Map(members.map((member) => [member.id, member.role]));
}
