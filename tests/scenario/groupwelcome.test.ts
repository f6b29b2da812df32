import { expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { joinEpoch, makeEpoch } from '#crypto/group/group.ts';
import {
	contextExtension,
	credentialOf,
	encodeMessage,
	leafExtension,
	suiteName,
} from '#crypto/group/library.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { forgePackage, forgeWelcome } from '../fake/forge.ts';
import { callOfThree, contextOf, judge } from '../fake/judge.ts';
import { clock } from '../fake/person.ts';
import { resign } from '../fake/resign.ts';

test('a leaf under the identity of somebody else', async () => {
	const { call, host, ann } = await callOfThree();
	const { session } = call.place;
	const eve = await generateSigningKey();
	const forged = await forgePackage({ signing: eve, session, credential: credentialOf(ann.key) });
	const place = { store: host.store, session, hostKey: host.key };
	const making = makeEpoch({
		...place,
		previous: host.epoch,
		generation: 2,
		packages: [forged.bytes],
		evidence: call.issued,
	});
	await expect(making).rejects.toMatchObject({ reason: 'wrong-credential' });
	// And in a Welcome by a creator who lets it pass.
	const taken = call.place.relay.take(host.key);
	if (!taken) throw new Error('no package');
	const welcome = await forgeWelcome({
		leaf: { signing: ann.signing, session },
		packages: [taken, forged.bytes],
		context: await contextOf(ann),
	});
	const joining = joinEpoch({ ...place, previous: host.epoch, generation: 2, welcome });
	await expect(joining).rejects.toMatchObject({ reason: 'wrong-credential' });
});

test('a package that is too old, of another session, or altered', async () => {
	const { call, host, ann } = await callOfThree();
	const { session } = call.place;
	const place = { store: host.store, session, hostKey: host.key, previous: host.epoch };
	const make = (bytes: Uint8Array<ArrayBuffer>) =>
		makeEpoch({ ...place, generation: 2, packages: [bytes], evidence: call.issued });
	const { signing } = ann;
	const old = await forgePackage({ signing, session, notAfter: clock() - 1 });
	await expect(make(old.bytes)).rejects.toMatchObject({ reason: 'expired-package' });
	const other = await forgePackage({ signing, session: toBase64url(random(16)) });
	await expect(make(other.bytes)).rejects.toMatchObject({ reason: 'other-session' });
	const [good] = await ann.store.make(1);
	if (!good) throw new Error('no package');
	for (let at = 0; at < good.length; at += 11) {
		const altered = good.slice();
		altered[at] = (altered[at] ?? 0) ^ 1;
		await expect(make(altered)).rejects.toMatchObject({ code: 'epoch-refused' });
	}
});

test('a second commit in a group', async () => {
	const { call, host, ann } = await callOfThree();
	const { session, relay } = call.place;
	const taken = relay.take(host.key);
	if (!taken) throw new Error('no package');
	const welcome = await forgeWelcome({
		leaf: { signing: ann.signing, session },
		packages: [taken],
		context: await contextOf(ann),
		twice: true,
	});
	const place = { store: host.store, session, hostKey: host.key, previous: host.epoch };
	const joining = joinEpoch({ ...place, generation: 2, welcome });
	await expect(joining).rejects.toMatchObject({ reason: 'not-one-commit' });
});

test('an insider signs in the place of the creator', async () => {
	const { call, host, ann, ben } = await callOfThree();
	const { session, relay } = call.place;
	const packages = [relay.take(ann.key), relay.take(ben.key)].filter((one) => one !== undefined);
	const [, victim] = packages;
	if (!victim) throw new Error('no package');
	const place = { session, hostKey: host.key, generation: 2 };
	const lost = await makeEpoch({
		...place,
		store: host.store,
		previous: host.epoch,
		packages,
		evidence: call.issued,
	});
	const { welcome } = lost;
	const forged = await resign({ store: ann.store, welcome, victim, signer: 1 });
	const hers = { ...place, store: ben.store, previous: ben.epoch };
	await expect(joinEpoch({ ...hers, welcome: forged })).rejects.toMatchObject({
		reason: 'not-one-commit',
	});
	// The same by the creator herself is what everybody takes: the attack is whole but for the signer.
	const again = relay.take(ben.key);
	if (!again) throw new Error('no package');
	const good = await makeEpoch({
		...place,
		store: ann.store,
		previous: ann.epoch,
		packages: [relay.take(host.key) ?? again, again],
		evidence: call.issued,
	});
	const epoch = await joinEpoch({ ...hers, welcome: good.welcome });
	expect(epoch.roster[0]?.key).toEqual(ann.key);
});

test('a context that is not ours, too large, or not in its one form', async () => {
	const { ann, host, ben } = await callOfThree();
	const text = new TextEncoder().encode(' {}');
	expect(await judge(ann, [host], new Uint8Array(text))).toEqual(['bad-context']);
	expect(await judge(ann, [ben], new Uint8Array(200_000))).toEqual(['too-large']);
});

test('our extension under another type, or not alone', async () => {
	const { call, host, ann } = await callOfThree();
	const { session, relay } = call.place;
	for (const types of [[leafExtension], [contextExtension, leafExtension]]) {
		const taken = relay.take(host.key);
		if (!taken) throw new Error('no package');
		const leaf = { signing: ann.signing, session };
		const context = await contextOf(ann);
		const welcome = await forgeWelcome({ leaf, packages: [taken], context, types });
		const place = { store: host.store, session, hostKey: host.key, previous: host.epoch };
		await expect(joinEpoch({ ...place, generation: 2, welcome })).rejects.toMatchObject({
			reason: 'bad-context',
		});
	}
});

test('a Welcome for a crowd is not looked at', async () => {
	const { call, host } = await callOfThree();
	const { session } = call.place;
	const secret = {
		newMember: random(32),
		encryptedGroupSecrets: { kemOutput: random(32), ciphertext: random(60) },
	};
	const welcomeOf = (count: number) =>
		encodeMessage({
			version: 'mls10',
			wireformat: 'mls_welcome',
			welcome: {
				cipherSuite: suiteName,
				secrets: Array.from({ length: count }, () => secret),
				encryptedGroupInfo: random(100),
			},
		});
	const place = { store: host.store, session, hostKey: host.key, previous: host.epoch };
	const join = (count: number) => joinEpoch({ ...place, generation: 2, welcome: welcomeOf(count) });
	await expect(join(7)).rejects.toMatchObject({ code: 'not-a-recipient' });
	await expect(join(8)).rejects.toMatchObject({ reason: 'not-a-welcome' });
});

test('a store serves its own session only', async () => {
	const { call, host, ann } = await callOfThree();
	const session = toBase64url(random(16));
	const place = { store: host.store, session, hostKey: host.key, previous: undefined };
	const refused = { reason: 'other-session' };
	const nobody = { packages: [], evidence: call.issued };
	await expect(makeEpoch({ ...place, generation: 1, ...nobody })).rejects.toMatchObject(refused);
	const made = await host.prepare([ann.key], call.issued);
	if (!made) throw new Error('no package');
	const { welcome } = made;
	const joining = joinEpoch({ ...place, store: ann.store, generation: 1, welcome });
	await expect(joining).rejects.toMatchObject(refused);
	// It was not even tried: the package still serves.
	const here = { store: ann.store, session: call.place.session, hostKey: host.key };
	const joined = await joinEpoch({ ...here, previous: ann.epoch, generation: 2, welcome });
	expect(joined.generation).toBe(2);
});

test('garbage in the place of a Welcome', async () => {
	const { call, host, ann, ben } = await callOfThree();
	for (const garbage of [new Uint8Array(), random(900), new Uint8Array(400_000)])
		call.place.relay.offer(call.place.relay.generation + 1, garbage);
	await host.sync();
	expect(host.refusals).toEqual(['not-a-welcome', 'not-a-welcome', 'too-large']);
	expect(await ann.make([host.key, ben.key])).toBe(true);
	await host.sync();
	await ben.sync();
	expect([host.epoch?.generation, ben.epoch?.generation]).toEqual([5, 5]);
});
