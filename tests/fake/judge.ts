import { random, sha256 } from '#crypto/bytes.ts';
import { receiptsDigest, verifyReceipt } from '#crypto/consent/consent.ts';
import type { Context } from '#crypto/group/context.ts';
import { type Evidence, mergeEvidence } from '#crypto/group/group.ts';
import { FakeCall } from './call.ts';
import { forgeWelcome } from './forge.ts';
import type { FakePerson } from './person.ts';

/** A call of the host, Ann and Ben in one epoch, with packages of all on the shelf. */
export async function callOfThree() {
	const call = await FakeCall.create();
	const ann = await call.newcomer('Ann');
	const ben = await call.newcomer('Ben');
	await call.connect(ann, ben);
	for (const person of [call.host, ann, ben]) await person.refill();
	return { call, host: call.host, ann, ben };
}

/** The context that `maker` would honestly write, changed. */
export async function contextOf(
	maker: FakePerson,
	change: {
		evidence?: Partial<Evidence>;
		merged?: Partial<Evidence>;
		context?: Partial<Context>;
	} = {},
): Promise<Context> {
	const { session, hostKey, relay } = maker.place;
	const before = maker.epoch?.evidence;
	if (!before) throw new Error('the maker is in no epoch');
	const added = { ...(await mergeEvidence(hostKey, before)), ...change.evidence };
	const evidence = { ...added, ...change.merged };
	const receipts = await Promise.all(evidence.receipts.map(verifyReceipt));
	return {
		session,
		generation: relay.generation + 1,
		previous: await sha256(maker.epoch?.authenticator ?? random(32)),
		receipts: await receiptsDigest(receipts),
		evidence,
		...change.context,
	};
}

/** Offers what `maker` forged; gives why each of `judges` refuses it, or 'accepted'. */
export async function judge(
	maker: FakePerson,
	others: readonly FakePerson[],
	context: Context | Uint8Array<ArrayBuffer>,
	judges: readonly FakePerson[] = others,
): Promise<string[]> {
	const { session, relay } = maker.place;
	const packages = others.map((other) => {
		const taken = relay.take(other.key);
		if (!taken) throw new Error(`no package of ${other.name}`);
		return taken;
	});
	const leaf = { signing: maker.signing, session };
	const welcome = await forgeWelcome({ leaf, packages, context });
	if (!relay.offer(relay.generation + 1, welcome)) throw new Error('not the next');
	const verdicts: string[] = [];
	for (const person of judges) {
		const before = person.refusals.length;
		await person.sync();
		const taken = person.epoch?.generation === relay.generation;
		const refusal = person.refusals.slice(before).at(-1);
		verdicts.push(taken ? 'accepted' : (refusal ?? 'silence'));
	}
	return verdicts;
}
