import { expect, test } from 'vitest';
import { type Bytes, equal, random, toHex, utf8 } from '#crypto/bytes.ts';
import type { Epoch, Member } from '#crypto/group/group.ts';
import { awarenessOf } from '#crypto/roster/roster.ts';
import { SFrameKeyring, SFrameSender } from '#crypto/sframe/sframe.ts';
import type { FakePerson } from '../fake/person.ts';
import { type Step, steps } from '../fake/steps.ts';
import { Walk } from '../fake/walk.ts';

const names = Object.keys(steps).filter((name): name is Step => name in steps);
// A call of one is a dull one: people come more often than anything else happens.
const chances: readonly Step[] = [...names, 'join', 'join', 'consentAgain', 'recorderIn'];
const stepsPerWalk = 100;
const walks = Number(process.env['WALKS'] ?? 2);
const seeds = Array.from({ length: walks }, (_, i) => i + 1);

/** Nobody ever holds the key of an epoch whose list she is not on, and all who hold a key see the same list. */
function checkKeys(walk: Walk): void {
	const lists = new Map<string, string>();
	for (const person of walk.everybody) {
		for (const [key, epoch] of person.held) {
			const list = epoch.roster.map((member) => toHex(member.key));
			expect(list).toContain(toHex(person.key));
			const seen = `${list.join()} ${toHex(epoch.authenticator)} ${epoch.generation}`;
			expect(lists.get(key) ?? seen).toBe(seen);
			lists.set(key, seen);
		}
	}
}

/** Whoever took part in an epoch with the recorder in this step had said yes, and so had everybody in it. */
function checkConsent(walk: Walk, before: ReadonlyMap<FakePerson, number>): void {
	const people = walk.everybody.filter((one) => one.epoch?.me.role !== 'recorder');
	const against = people.filter((person) => {
		const fresh = [...person.held.values()].slice(before.get(person) ?? 0);
		return fresh.some(
			(epoch) =>
				epoch.hasRecorder &&
				!(walk.consenting.has(person) && epoch.roster.every((one) => hasReceipt(epoch, one))),
		);
	});
	expect(against.map((person) => person.name)).toEqual([]);
}

function hasReceipt(epoch: Epoch, { key, role }: Member): boolean {
	return role === 'recorder' || epoch.verified.receipts.get(toHex(key))?.type === 'consent';
}

async function keyringOf(person: FakePerson): Promise<SFrameKeyring[]> {
	const rings: SFrameKeyring[] = [];
	// Older keys than the last three were tried in earlier steps, and compared by checkKeys.
	for (const epoch of [...person.held.values()].slice(-3)) {
		const ring = new SFrameKeyring();
		const leaves = epoch.roster.map((member) => member.leaf);
		const baseKey = await epoch.sframeBaseKey();
		await ring.add({ baseKey, generation: epoch.generation, leaves });
		rings.push(ring);
	}
	return rings;
}

async function opens(person: FakePerson, frame: Bytes): Promise<boolean> {
	const rings = await keyringOf(person);
	const tries = await Promise.allSettled(rings.map((ring) => ring.openFrame(frame)));
	return tries.some((one) => one.status === 'fulfilled');
}

/** A frame and a message of the host open for those who are in, and for nobody who ever was. */
async function checkFrames(walk: Walk): Promise<void> {
	const { epoch } = walk.host;
	if (!epoch) throw new Error('the host is in no epoch');
	const baseKey = await epoch.sframeBaseKey();
	const { generation, me } = epoch;
	// Frames of this epoch are sealed here only once; a second sender of the key is refused.
	const sender = await SFrameSender.create({ baseKey, leaf: me.leaf, generation });
	const frame = await sender.seal(random(100));
	const message = await epoch.seal(utf8('hello'));
	const inside = (one: FakePerson) => epoch.roster.some(({ key }) => equal(key, one.key));
	for (const person of walk.everybody) {
		if (walk.asleep.has(person)) continue;
		expect(await opens(person, frame)).toBe(inside(person));
		if (person === walk.host || !person.epoch) continue;
		const read = await person.epoch.open(message).then(
			({ sender: from }) => toHex(from.key),
			() => 'refused',
		);
		expect(read).toBe(inside(person) ? toHex(walk.host.key) : 'refused');
	}
}

async function wake(walk: Walk): Promise<void> {
	for (const [person, left] of walk.asleep) {
		if (left > 0) walk.asleep.set(person, left - 1);
		else {
			walk.asleep.delete(person);
			await person.sync({ newestOnly: walk.roll() < 0.5 });
		}
	}
}

test.each(seeds)(
	'whatever happens, everybody agrees again and no key goes astray (walk %i)',
	{ timeout: 120_000 },
	async (seed) => {
		const walk = await Walk.create(seed);
		const done = new Map<Step, number>();
		let checked = '';
		for (let i = 0; i < stepsPerWalk; i++) {
			const name = walk.pick(chances);
			if (!name) continue;
			const before = new Map(walk.everybody.map((one) => [one, one.held.size]));
			if (await steps[name](walk)) done.set(name, (done.get(name) ?? 0) + 1);
			await wake(walk);
			await walk.settle();
			checkKeys(walk);
			checkConsent(walk, before);
			expect(walk.host.epoch && awarenessOf(walk.host.epoch) === 'on').toBe(walk.allowed);
			const now = toHex(walk.host.epoch?.authenticator ?? random(32));
			if (i % 5 === 0 && now !== checked) await checkFrames(walk);
			if (i % 5 === 0) checked = now;
		}
		// A walk on which little happened proves little.
		expect(done.size).toBeGreaterThan(names.length / 2);
		expect(walk.call.place.relay.generation).toBeGreaterThan(stepsPerWalk / 2);
	},
);
