import { type Bytes, equal, random, toHex } from '#crypto/bytes.ts';
import type { SignedNotice } from '#crypto/consent/consent.ts';
import { EpochRefused, noEvidence, peopleMax } from '#crypto/group/group.ts';
import { FakeCall } from './call.ts';
import { forgeWelcome } from './forge.ts';
import type { FakePerson } from './person.ts';

/** Numbers from 0 up to 1 that a seed decides (mulberry32). */
export function dice(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** A call in which anything happens, and what should be true of it. */
export class Walk {
	readonly call: FakeCall;
	readonly notice: SignedNotice;
	readonly roll: () => number;
	/** Everybody that ever was. */
	readonly everybody: FakePerson[];
	/** People who should be in the call, the host first. */
	readonly present: FakePerson[];
	/** Of those, whose machines sleep, and for how many more steps. */
	readonly asleep = new Map<FakePerson, number>();
	/** Whose last word was yes. */
	readonly consenting = new Set<FakePerson>();
	recorder: FakePerson | undefined;
	/** Whether the host wants to record. */
	recording = false;
	names = 0;

	private constructor(call: FakeCall, notice: SignedNotice, roll: () => number) {
		this.call = call;
		this.notice = notice;
		this.roll = roll;
		this.everybody = [call.host];
		this.present = [call.host];
	}

	static async create(seed: number): Promise<Walk> {
		const call = await FakeCall.create();
		return new Walk(call, await call.notice(), dice(seed));
	}

	get host(): FakePerson {
		return this.call.host;
	}

	get awake(): FakePerson[] {
		return this.present.filter((person) => !this.asleep.has(person));
	}

	/** Whether the recorder may be there: the host wants it and everybody present said yes. */
	get allowed(): boolean {
		return (
			this.recording &&
			this.recorder !== undefined &&
			this.present.every((person) => this.consenting.has(person))
		);
	}

	pick<T>(list: readonly T[]): T | undefined {
		return list[Math.floor(this.roll() * list.length)];
	}

	guest(): FakePerson | undefined {
		return this.pick(this.awake.filter((person) => person !== this.host));
	}

	/** Who should hold the keys now: sleepers only while packages of theirs are left. */
	wanted(): FakePerson[] {
		const { relay } = this.call.place;
		const people = this.present.filter((one) => !this.asleep.has(one) || relay.stock(one.key) > 0);
		return this.allowed && this.recorder ? [...people, this.recorder] : people;
	}

	/** Everybody who is awake has the same epoch, of exactly those who should be in it or sleep. */
	settled(): boolean {
		const members = [...this.awake, ...(this.allowed && this.recorder ? [this.recorder] : [])];
		const first = this.host.epoch;
		if (!first || members.some((one) => one.lost)) return false;
		const roster = new Set(first.roster.map((member) => toHex(member.key)));
		const sleepers = new Set([...this.asleep.keys()].map((one) => toHex(one.key)));
		const names = new Set(members.map((one) => toHex(one.key)));
		return (
			members.every((one) => one.epoch && equal(one.epoch.authenticator, first.authenticator)) &&
			[...names].every((name) => roster.has(name)) &&
			[...roster].every((name) => names.has(name) || sleepers.has(name))
		);
	}

	/** Lets clients do what they do until they agree; gives the number of epochs that it took. Throws when they don't. */
	async settle(): Promise<number> {
		const limit = 8;
		for (let round = 0; round < limit; round++) {
			await this.listen();
			if (this.settled()) return round;
			await this.nextEpoch();
		}
		throw new Error('no agreement');
	}

	/** Everybody awake posts packages, hears of epochs, and tells the host what she said about recording. */
	async listen(): Promise<void> {
		const there = this.recorder ? [...this.awake, this.recorder] : this.awake;
		for (const person of there) {
			await person.refill();
			await person.sync();
			const said = person.book.latest(person.key);
			if (said) await this.host.book.add(said.signed);
		}
	}

	/** Whoever can makes the next epoch: the host, or else somebody who has one. */
	async nextEpoch(): Promise<void> {
		const { host } = this;
		const able = this.awake.find((one) => !one.lost && one.epoch);
		const maker = host.lost && able ? able : host;
		await this.makeBy(maker, this.wanted());
	}

	/** The next epoch by one client, of these as far as she may decide; false when it was not to be. */
	async makeBy(maker: FakePerson, wanted: readonly FakePerson[]): Promise<boolean> {
		const others = this.othersFor(maker, wanted);
		const evidence = maker === this.host ? this.call.issued : noEvidence;
		try {
			return await maker.make(others, evidence);
		} catch (error) {
			// She knows of a withdrawal, or of nobody's admission: then it is not hers to make.
			if (error instanceof EpochRefused) return false;
			throw error;
		}
	}

	/** Whom a client invites: a guest never leaves out anybody but the recorder, nor brings in anybody new. */
	othersFor(maker: FakePerson, wanted: readonly FakePerson[]): Bytes[] {
		const keys = wanted.filter((one) => one !== maker).map((one) => one.key);
		if (maker === this.host) return keys;
		const roster = maker.epoch?.roster ?? [];
		const keep = roster.filter(
			({ role, key }) =>
				!equal(key, maker.key) &&
				(role !== 'recorder' || wanted.some((one) => equal(one.key, key))),
		);
		const host = keep.some((member) => member.role === 'host') ? [] : [this.host.key];
		return [...keep.map((member) => member.key), ...host];
	}

	/** A Welcome that breaks a rule, by somebody who is in the call and keeps none. */
	async forge(insider: FakePerson, others: readonly FakePerson[]): Promise<void> {
		const { relay, session } = this.call.place;
		const { epoch } = insider;
		const packages = others.map((one) => relay.take(one.key)).filter((one) => one !== undefined);
		if (!epoch || packages.length === 0) return;
		const generation = relay.generation + 1;
		const welcome = await forgeWelcome({
			leaf: { signing: insider.signing, session },
			packages,
			context: {
				session,
				generation,
				previous: await epoch.authenticatorHash(),
				receipts: random(32),
				evidence: epoch.evidence,
			},
		});
		relay.offer(generation, welcome);
	}

	full(): boolean {
		return this.present.length >= peopleMax;
	}

	drop(person: FakePerson): void {
		this.present.splice(this.present.indexOf(person), 1);
		this.asleep.delete(person);
		this.consenting.delete(person);
	}
}
