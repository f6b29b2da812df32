import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { random, toHex } from '#crypto/bytes.ts';
import { PackageStore, signAdmission, signRemoval } from '#crypto/group/group.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { Sweep } from '#lib/call/sweep.ts';
import { SocketError } from '#lib/net/socket.ts';
import { type Insider, reported, until } from '../e2e/insider.ts';
import { HostInsider, participant } from '../e2e/insiders.ts';
import { type Proxy, startBehind } from '../e2e/proxy.ts';

// The rooms of the web app in this process, the real server between them, and one of them keeps no rules.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let behind: Awaited<ReturnType<typeof startBehind>>;
let clinician: HostInsider;
let proxy: Proxy;
const open: Insider[] = [];

beforeAll(async () => {
	behind = await startBehind(2);
	const [main, other] = behind.proxies;
	if (!main || !other) throw new Error('two proxies');
	proxy = other;
	clinician = await HostInsider.setUp(main.origin, behind.server.setupUrl);
});
afterAll(() => behind?.stop());
afterEach(() => {
	for (const insider of open.splice(0)) insider.close();
	proxy.mend();
	const thrown = reported.splice(0);
	if (thrown.length > 0) throw thrown[0];
});

/** Maya, Dana and Tom in one epoch; Dana's line goes through the second proxy. */
async function callOfThree() {
	const session = await clinician.session(['Dana', 'Tom']);
	const maya = await clinician.enter(session);
	const link = (name: string) => session.links.get(name) ?? '';
	const through = link('Dana').replace(clinician.address, proxy.origin);
	const dana = await participant(through);
	await clinician.connect(maya, session, 'Dana');
	const tom = await participant(link('Tom'));
	await clinician.connect(maya, session, 'Tom');
	const all = [maya, dana, tom];
	open.push(...all);
	await together(all);
	return { maya, dana, tom };
}

/** Until all of them seal with one and the same epoch, made after generation `after`. */
async function together(all: readonly Insider[], after = 0): Promise<void> {
	const [first] = all;
	await until('all seal with the same keys', () => {
		const generation = first?.room.epoch?.generation ?? 0;
		return (
			generation > after &&
			all.every(
				(one) => one.room.epoch?.generation === generation && one.used.at(-1) === generation,
			)
		);
	});
	const keys = new Set(all.map((one) => toHex(one.epoch.authenticator)));
	expect(keys.size).toBe(1);
}

/** Nobody of these ever held, or sealed with, this generation. */
async function refusedBy(victims: readonly Insider[], generation: number): Promise<void> {
	await until('they looked at it', () => victims.every((one) => one.room.newest >= generation));
	await until('they said why', () => victims.every((one) => one.refusals.length > 0));
	for (const victim of victims) {
		expect(victim.held.map(({ epoch }) => epoch.generation)).not.toContain(generation);
		expect(victim.used).not.toContain(generation);
	}
}

/** A message of each reaches each other. */
async function talk(all: readonly Insider[]): Promise<void> {
	for (const one of all) {
		const id = Buffer.from(random(16)).toString('base64url');
		await one.send({ type: 'chat', id, text: 'Hello' });
		const others = all.filter((other) => other !== one);
		const heard = (other: Insider) =>
			other.heard.some(({ message }) => message.type === 'chat' && message.id === id);
		await until('everybody hears it', () => others.every(heard));
	}
}

/** Nobody was out of the call for a moment: every epoch that these took part in had everybody. */
function wholeSince(all: readonly Insider[], generation: number): void {
	const held = all.flatMap((one) => one.held.map(({ epoch }) => epoch));
	const later = held.filter((epoch) => epoch.generation > generation);
	expect(new Set(later.map(({ roster }) => roster.length))).toEqual(new Set([3]));
	// And no new chain was begun, for which somebody would have had to ask to be brought back.
	for (const one of all) expect(one.refusals).not.toContain('other-previous');
}

test('three rooms agree on keys through the real server', async () => {
	const { maya, dana, tom } = await callOfThree();
	expect(maya.names.toSorted()).toEqual(['Dana', 'Dr. Maya Okafor', 'Tom']);
	expect(dana.epoch.me.name).toBe('Dana');
	await talk([maya, dana, tom]);
	expect(tom.refusals).toEqual([]);
});

test('a participant adds a stranger: refused by all, and the call goes on', async () => {
	const { maya, dana, tom } = await callOfThree();
	const signing = await generateSigningKey();
	const { session } = tom.room.options;
	const eve = new PackageStore({ signing, session, clock: Date.now });
	const [stranger] = await eve.make(1);
	if (!stranger) throw new Error('no package');
	const seats = [maya.seat, dana.seat];
	const packages = [...(await tom.take(seats)), stranger];
	const context = await tom.context();
	const generation = await tom.forge({ context, packages, seats });
	await refusedBy([maya, dana], generation);
	expect([maya.refusals, dana.refusals]).toEqual([['not-admitted'], ['not-admitted']]);
	await together([maya, dana], generation);
	await talk([maya, dana]);
	expect(maya.names).toHaveLength(3);
});

test('a participant drops the host: refused by all, and the host is back in the next epoch', async () => {
	const { maya, dana, tom } = await callOfThree();
	const before = maya.epoch.generation;
	const packages = await tom.take([dana.seat]);
	const context = await tom.context();
	const generation = await tom.forge({ context, packages, seats: [dana.seat] });
	await refusedBy([dana], generation);
	expect(dana.refusals).toEqual(['host-missing']);
	expect(maya.used).not.toContain(generation);
	await together([maya, dana], generation);
	// She makes it herself, on the first leaf, and need not ask to be brought back.
	const next = maya.held.find(({ epoch }) => epoch.generation > generation);
	expect(next?.epoch.me.leaf).toBe(0);
	await talk([maya, dana]);
	wholeSince([maya, dana], before);
});

test('a participant drops another: refused by her, and she is back in the next epoch', async () => {
	const { maya, dana, tom } = await callOfThree();
	const before = maya.epoch.generation;
	const packages = await tom.take([maya.seat]);
	const context = await tom.context();
	const generation = await tom.forge({ context, packages, seats: [maya.seat] });
	await refusedBy([maya], generation);
	expect(maya.refusals).toEqual(['participant-dropped']);
	expect(dana.used).not.toContain(generation);
	await together([maya, dana], generation);
	await talk([maya, dana]);
	wholeSince([maya, dana], before);
});

test('a participant claims an admission: refused by all', async () => {
	const { maya, dana, tom } = await callOfThree();
	const signing = await generateSigningKey();
	const { session } = tom.room.options;
	const eve = new PackageStore({ signing, session, clock: Date.now });
	const [stranger] = await eve.make(1);
	if (!stranger) throw new Error('no package');
	const host = tom.identity.signing;
	const key = signing.publicKey;
	const claimed = await signAdmission({ host, session, key, name: 'Eve', role: 'participant' });
	const seats = [maya.seat, dana.seat];
	const packages = [...(await tom.take(seats)), stranger];
	const admissions = [...tom.epoch.evidence.admissions, claimed];
	const context = await tom.context({ evidence: { admissions } });
	const generation = await tom.forge({ context, packages, seats });
	await refusedBy([maya, dana], generation);
	expect([maya.refusals, dana.refusals]).toEqual([['admission-forged'], ['admission-forged']]);
	await together([maya, dana], generation);
});

test.each(['everybody', 'nobody else'])(
	'a garbage epoch that wins and names %s: nobody stops sealing, and the host heals it',
	async (named) => {
		const { maya, dana, tom } = await callOfThree();
		const before = maya.epoch.generation;
		const seats = named === 'everybody' ? [maya.seat, dana.seat] : [];
		const generation = await tom.offer(random(900), seats);
		await until('they looked at it', () => maya.room.newest >= generation);
		// What was in force is in force until the next good one: messages and frames are sealed and opened with it.
		for (const one of [maya, dana]) expect(one.used.at(-1)).toBeGreaterThanOrEqual(before);
		await together([maya, dana], generation);
		await talk([maya, dana]);
		wholeSince([maya, dana], before);
		const people = [maya, dana, tom].map((one) => toHex(one.key)).toSorted();
		expect(maya.epoch.roster.map((member) => toHex(member.key)).toSorted()).toEqual(people);
		// Nobody had to come back as somebody who lost track: the chain was not begun again.
		expect(dana.epoch.evidence).toEqual(maya.epoch.evidence);
	},
);

test('a client that slept through three epochs comes back by itself', async () => {
	const { maya, dana, tom } = await callOfThree();
	const before = dana.epoch.generation;
	proxy.cut();
	await until('the server missed her', () => maya.room.seats.get(dana.seat)?.present === false);
	for (let i = 0; i < 3; i++) await maya.room.change(() => ({}));
	expect(maya.epoch.generation).toBe(before + 3);
	expect(dana.epoch.generation).toBe(before);
	proxy.mend();
	await together([maya, dana, tom], before + 3);
	await talk([maya, dana, tom]);
});

test('who leaves while somebody else is away loses the next key, and who was away comes back', async () => {
	const { maya, dana, tom } = await callOfThree();
	const sweep = new Sweep({ room: maya.room, over: () => false });
	maya.room.on.changed = () => void sweep.look();
	proxy.cut();
	await until('the server missed her', () => maya.room.seats.get(dana.seat)?.present === false);
	const before = maya.epoch.generation;
	const kept = [...tom.held];
	await tom.socket.request({ type: 'leave' });
	await until('an epoch without him', () => maya.names.join() === 'Dr. Maya Okafor,Dana');
	expect(maya.epoch.generation).toBeGreaterThan(before);
	const message = await maya.epoch.seal(random(40));
	for (const { epoch } of kept) await expect(epoch.open(message)).rejects.toThrow('no-key');
	proxy.mend();
	await together([maya, dana], before);
	await talk([maya, dana]);
});

test('who leaves while the host has no line loses the next key as soon as she has one', async () => {
	const { maya, tom } = await callOfThree();
	const sweep = new Sweep({ room: maya.room, over: () => false });
	maya.room.on.changed = () => void sweep.look();
	const change = maya.room.change.bind(maya.room);
	// The line breaks in the very moment.
	let refusals = 0;
	maya.room.change = (wish) =>
		refusals++ < 1 ? Promise.reject(new SocketError('offline')) : change(wish);
	await tom.socket.request({ type: 'leave' });
	await until('an epoch without him', () => !maya.names.includes('Tom'));
	expect(refusals).toBeGreaterThan(1);
});

test('somebody who looks present and puts up no packages keeps nobody from the next epoch', async () => {
	const { maya, dana, tom } = await callOfThree();
	// As a machine that was stopped: its line stands for a while, and nothing answers.
	tom.room.close();
	const drain = async (): Promise<boolean> =>
		maya.take([tom.seat]).then(
			() => false,
			() => true,
		);
	await until('nothing of hers is left', drain);
	const before = maya.epoch.generation;
	await maya.room.change(() => ({}));
	await together([maya, dana], before);
	expect(maya.names.toSorted()).toEqual(['Dana', 'Dr. Maya Okafor']);
	expect(maya.epoch.generation).toBe(before + 1);
});

test('somebody who was removed cannot open the next epoch, whatever she kept', async () => {
	const { maya, dana, tom } = await callOfThree();
	const kept = [...tom.held];
	const seat = tom.seat;
	const host = maya.identity.signing;
	const { session } = maya.room.options;
	maya.memory.removals = [await signRemoval({ host, session, key: tom.key })];
	const before = maya.epoch.generation;
	await maya.room.change(() => ({ drop: [seat] }));
	await maya.socket.request({ type: 'remove', seat });
	await together([maya, dana], before);
	const message = await maya.epoch.seal(random(40));
	for (const { epoch } of kept) await expect(epoch.open(message)).rejects.toThrow('no-key');
	const { baseKey } = maya.held.at(-1) ?? {};
	expect(kept.map((one) => toHex(one.baseKey))).not.toContain(toHex(baseKey ?? random(16)));
	await until('she is told', () => tom.over === 'removed');
	// Her keys are out for good: not even the host can bring them back.
	const { signing } = tom.identity;
	const again = new PackageStore({ signing, session, clock: Date.now });
	const [invited] = await again.make(1);
	if (!invited) throw new Error('no package');
	const packages = [...(await maya.take([dana.seat])), invited];
	const { admissions } = tom.epoch.evidence;
	const context = await maya.context({ evidence: { removals: [], admissions } });
	const generation = await maya.forge({ context, packages, seats: [dana.seat] });
	await refusedBy([dana], generation);
	expect(dana.refusals).toEqual(['removed']);
});
