import { expect, test } from 'vitest';
import { type Bytes, random, toBase64url, toHex, utf8 } from '#crypto/bytes.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import {
	Epoch,
	type OpenedMessage,
	PackageStore,
	joinEpoch,
	makeEpoch,
	noEvidence,
	signAdmission,
} from './group.ts';

const session = toBase64url(random(16));
const clock = () => 1_700_000_000_000;

async function people(count: number) {
	const signing = await Promise.all(Array.from({ length: count }, generateSigningKey));
	const stores = signing.map((key) => new PackageStore({ signing: key, session, clock }));
	const [host, ...others] = signing;
	const [hostStore, ...otherStores] = stores;
	if (!host || !hostStore) throw new Error('nobody');
	const admissions = await Promise.all(
		others.map(({ publicKey: key }, i) =>
			signAdmission({ host, session, key, name: `Person ${i + 1}`, role: 'participant' }),
		),
	);
	const packages = (await Promise.all(otherStores.map((store) => store.make(1)))).flat();
	const place = { session, hostKey: host.publicKey, previous: undefined, generation: 1 };
	const { epoch, welcome } = await makeEpoch({
		...place,
		store: hostStore,
		packages,
		evidence: { ...noEvidence, admissions },
	});
	const joined = await Promise.all(
		otherStores.map((store) => joinEpoch({ ...place, store, welcome })),
	);
	return { host, epochs: [epoch, ...joined], stores, place, welcome };
}

function at<T>(list: readonly T[], index: number): T {
	const value = list[index];
	if (value === undefined) throw new Error(`no ${index}`);
	return value;
}

test('everybody has the same keys and the same roster', async () => {
	const { epochs } = await people(6);
	const keys = await Promise.all(epochs.map((epoch) => epoch.sframeBaseKey()));
	expect(new Set(keys.map(toHex)).size).toBe(1);
	expect(at(keys, 0)).toHaveLength(16);
	expect(new Set(epochs.map((epoch) => toHex(epoch.authenticator))).size).toBe(1);
	for (const [leaf, epoch] of epochs.entries()) {
		expect(epoch.roster).toEqual(at(epochs, 0).roster);
		expect(epoch.me.leaf).toBe(leaf);
	}
	expect(at(epochs, 0).roster.map((member) => [member.name, member.role])).toEqual([
		['', 'host'],
		['Person 1', 'participant'],
		['Person 2', 'participant'],
		['Person 3', 'participant'],
		['Person 4', 'participant'],
		['Person 5', 'participant'],
	]);
});

test('a message says who sent it, opens once, and opens late', async () => {
	const { epochs } = await people(3);
	const [host, ann, ben] = [at(epochs, 0), at(epochs, 1), at(epochs, 2)];
	const sealed = await Promise.all(Array.from({ length: 30 }, (_, i) => ann.seal(utf8(`no ${i}`))));
	const late = sealed.toReversed();
	for (const reader of [host, ben]) {
		// One after another: messages that were sealed at once must not stand on one key.
		const opened: OpenedMessage[] = [];
		for (const message of late) opened.push(await reader.open(message));
		expect(opened.map(({ sender }) => sender.leaf)).toEqual(late.map(() => 1));
		expect(opened.map(({ plaintext }) => toHex(plaintext))).toEqual(
			late.map((_, i) => toHex(utf8(`no ${29 - i}`))),
		);
		for (const message of sealed) await expect(reader.open(message)).rejects.toThrow('open-failed');
	}
	await expect(ann.open(at(sealed, 0))).rejects.toThrow('open-failed');
});

test('a message that comes twice at once opens once', async () => {
	const { epochs } = await people(2);
	const message = await at(epochs, 1).seal(utf8('hello'));
	const tries = await Promise.allSettled([1, 2, 3].map(() => at(epochs, 0).open(message)));
	expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
});

test('sealing and opening at the same time do not disturb each other', async () => {
	const { epochs } = await people(3);
	const all = await Promise.all(
		epochs.flatMap((from, i) =>
			Array.from({ length: 12 }, async (_, n) => ({
				i,
				n,
				bytes: await from.seal(utf8(`${i}.${n}`)),
			})),
		),
	);
	await Promise.all(
		epochs.flatMap((to, me) =>
			all
				.filter(({ i }) => i !== me)
				.map(async ({ i, n, bytes }) => {
					const [opened] = await Promise.all([to.open(bytes), to.seal(utf8('meanwhile'))]);
					expect([opened.sender.leaf, toHex(opened.plaintext)]).toEqual([
						i,
						toHex(utf8(`${i}.${n}`)),
					]);
				}),
		),
	);
});

test('altered, foreign and oversized messages are refused and harm nothing', async () => {
	const { epochs } = await people(2);
	const [host, ann] = [at(epochs, 0), at(epochs, 1)];
	const message = await ann.seal(utf8('hello'));
	for (let place = 0; place < message.length; place += 7) {
		const altered = message.slice();
		altered[place] = (altered[place] ?? 0) ^ 4;
		await expect(host.open(altered)).rejects.toThrow(/^(?:open-failed|no-key)$/);
	}
	await expect(host.open(message.slice(0, -1))).rejects.toThrow('open-failed');
	await expect(host.open(new Uint8Array())).rejects.toThrow('open-failed');
	await expect(host.open(new Uint8Array(70_000))).rejects.toThrow('too-large');
	await expect(host.seal(new Uint8Array(64 * 1024 + 1))).rejects.toThrow('too-large');
	const other = at((await people(2)).epochs, 1);
	await expect(host.open(await other.seal(utf8('x')))).rejects.toThrow('no-key');
	const largest = new Uint8Array(64 * 1024);
	expect((await host.open(await ann.seal(largest))).plaintext).toEqual(largest);
	expect((await host.open(message)).plaintext).toEqual(utf8('hello'));
});

test('a closed epoch has no keys', async () => {
	const { epochs } = await people(2);
	const [host, ann] = [at(epochs, 0), at(epochs, 1)];
	const message = await ann.seal(utf8('hello'));
	host.close();
	await expect(host.sframeBaseKey()).rejects.toThrow('no-key');
	await expect(host.seal(utf8('x'))).rejects.toThrow('no-key');
	await expect(host.open(message)).rejects.toThrow('no-key');
});

test('the signature key stays a key that nobody can read', async () => {
	const { host } = await people(2);
	expect(host.privateKey.extractable).toBe(false);
	await expect(crypto.subtle.exportKey('pkcs8', host.privateKey)).rejects.toThrow();
});

test('a key package is used once', async () => {
	const { stores, place, welcome } = await people(2);
	const store = at(stores, 1);
	expect(store.unused).toBe(0);
	await expect(joinEpoch({ ...place, store, welcome })).rejects.toThrow('not-a-recipient');
});

test('a host who is alone has an epoch, and nobody can join it', async () => {
	const { epochs, welcome, place } = await people(1);
	expect(at(epochs, 0).roster).toHaveLength(1);
	expect(await at(epochs, 0).sframeBaseKey()).toHaveLength(16);
	const signing = await generateSigningKey();
	const store = new PackageStore({ signing, session, clock });
	await store.make(1);
	const joining: Promise<Epoch> = joinEpoch({ ...place, store, welcome: welcome satisfies Bytes });
	await expect(joining).rejects.toThrow('not-a-recipient');
});
