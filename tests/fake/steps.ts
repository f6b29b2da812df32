import { random } from '#crypto/bytes.ts';
import type { Walk } from './walk.ts';

/** What can happen in a call. Each gives false when it cannot happen now. */
export const steps = {
	async join(walk) {
		if (walk.full()) return false;
		const person = await walk.call.newcomer(`Person ${++walk.names}`);
		walk.everybody.push(person);
		walk.present.push(person);
		if (walk.roll() < 0.8) await say(walk, person, 'consent');
		return true;
	},
	async leave(walk) {
		const person = walk.guest();
		if (!person || walk.present.length < 3) return false;
		walk.drop(person);
		return true;
	},
	async remove(walk) {
		const person = walk.guest();
		if (!person || walk.present.length < 3) return false;
		await walk.call.remove(person);
		walk.drop(person);
		// She tries to go on, with what she has.
		await walk.forge(person, walk.present);
		return true;
	},
	async recorderIn(walk) {
		if (!walk.recorder) {
			walk.recorder = await walk.call.newRecorder();
			walk.everybody.push(walk.recorder);
		}
		walk.recording = true;
		for (const person of walk.awake)
			if (!walk.consenting.has(person)) await say(walk, person, 'consent');
		return true;
	},
	async pause(walk) {
		if (!walk.recording) return false;
		walk.recording = false;
		const maker = walk.pick(walk.awake);
		if (maker?.epoch) await walk.makeBy(maker, walk.present);
		return true;
	},
	async removeRecorder(walk) {
		if (!walk.recorder || walk.roll() < 0.7) return false;
		await walk.call.remove(walk.recorder);
		walk.recorder = undefined;
		walk.recording = false;
		return true;
	},
	async withdraw(walk) {
		const person = walk.pick(walk.awake);
		if (!person || !walk.consenting.has(person)) return false;
		await say(walk, person, 'withdrawal');
		// Her own client makes the epoch without the recorder; nobody is asked.
		if (person.epoch?.hasRecorder) await walk.makeBy(person, walk.present);
		return true;
	},
	async consentAgain(walk) {
		const person = walk.awake.find((one) => !walk.consenting.has(one));
		if (!person) return false;
		await say(walk, person, 'consent');
		return true;
	},
	async sleep(walk) {
		const person = walk.guest();
		if (!person || walk.asleep.size > 1) return false;
		walk.asleep.set(person, 4);
		// Three epochs go by without her.
		for (let i = 0; i < 3; i++) {
			await walk.makeBy(walk.host, walk.wanted());
			await walk.listen();
		}
		return true;
	},
	async garbage(walk) {
		const { relay } = walk.call.place;
		const count = 1 + Math.floor(walk.roll() * 3);
		for (let i = 0; i < count; i++) relay.offer(relay.generation + 1, random(50 + i * 400));
		return true;
	},
	async forgery(walk) {
		const insider = walk.guest();
		const victims = walk.awake.filter((one) => one !== insider && walk.roll() < 0.6);
		if (!insider || victims.length === 0) return false;
		await walk.forge(insider, victims);
		return true;
	},
	async race(walk) {
		const makers = [walk.host, walk.guest()].filter((one) => one?.epoch !== undefined);
		if (makers.length < 2) return false;
		const wanted = walk.wanted();
		const won = await Promise.all(
			makers.map((maker) => (maker ? walk.makeBy(maker, wanted) : Promise.resolve(false))),
		);
		if (won.filter(Boolean).length > 1) throw new Error('two won one generation');
		return true;
	},
	async crash(walk) {
		walk.guest()?.crash();
		return true;
	},
	async hostCrash(walk) {
		walk.host.crash();
		return true;
	},
	async everybodyCrashes(walk) {
		if (walk.roll() < 0.7) return false;
		for (const person of walk.awake) person.crash();
		walk.recorder?.crash();
		return true;
	},
} satisfies Record<string, (walk: Walk) => Promise<boolean>>;

export type Step = keyof typeof steps;

async function say(
	walk: Walk,
	person: Walk['host'],
	type: 'consent' | 'withdrawal',
): Promise<void> {
	await person.say(type, walk.notice);
	if (type === 'consent') walk.consenting.add(person);
	else walk.consenting.delete(person);
}
