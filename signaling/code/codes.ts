import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { ServerError } from '../errors.ts';
import { Expiring } from '../expiring.ts';
import { type CodeQuestion, type CodeReply, codeMs, codeStepMs } from '../protocol/code.ts';
import { newId } from '../random.ts';
import type { Connection } from '../room/connection.ts';
import { CodeLimits } from './limits.ts';

const nameplates = 1000;
/** Above it a free nameplate would say too much, and misses would be too rare. */
const nameplatesMax = 500;
/** Codes that one member has at once. */
const perMember = 50;
const floodNewsMs = 60_000;
const ticketsMax = 10_000;

/** A code that was shown, as far as the server knows it: where it leads, never its secret. */
export interface Plate {
	readonly nameplate: string;
	readonly member: string;
	readonly session: string;
	readonly place: string;
	nonce: string;
	readonly until: number;
	connection: Connection | undefined;
	dead: boolean;
}

interface Ticket {
	readonly plate: Plate;
	readonly address: string;
	/** The step that comes next. */
	next: CodeQuestion['step'] | 'over';
	waiting: { step: CodeQuestion['step']; done: (reply: CodeReply) => void } | undefined;
}

const no = (why: 'dead' | 'away'): CodeReply => ({ step: 'no', why });

/** Which nameplate leads to whose client, and who is on the way there. In memory: a host's client says it again. */
export class Codes {
	readonly #clock: Clock;
	readonly #limits: CodeLimits;
	readonly #plates = new Map<string, Plate>();
	readonly #tickets: Expiring<Ticket>;
	/** When each host's client was told of strangers. */
	readonly #floodTold = new WeakMap<Connection, number>();

	constructor(clock: Clock) {
		this.#clock = clock;
		this.#limits = new CodeLimits(clock);
		this.#tickets = new Expiring({ clock, lifeMs: 3 * codeStepMs, max: ticketsMax });
	}

	#plate(nameplate: string): Plate | undefined {
		const plate = this.#plates.get(nameplate);
		if (!plate || plate.until > this.#clock.monotonic()) return plate;
		this.#plates.delete(nameplate);
		return undefined;
	}

	/** A member's client answers for a code. Throws `gone` for a nameplate that is not hers any more, `over-limit`. */
	show(
		wanted: { nameplate: string | null; session: string; place: string; nonce: string },
		by: { member: string; connection: Connection },
	): string {
		const { member, connection } = by;
		if (wanted.nameplate === null) return this.#assign(wanted, by);
		const plate = this.#plate(wanted.nameplate);
		if (!plate) {
			// After a restart of the server, or in its last minute: nobody else has it.
			return this.#add({ ...wanted, nameplate: wanted.nameplate }, by);
		}
		const same = plate.member === member && plate.place === wanted.place;
		if (!same || plate.dead || plate.nonce !== wanted.nonce) throw new ServerError('gone');
		plate.connection = connection;
		return plate.nameplate;
	}

	#assign(wanted: Pick<Plate, 'session' | 'place' | 'nonce'>, by: Parameters<Codes['show']>[1]) {
		for (const nameplate of this.#plates.keys()) this.#plate(nameplate);
		const taken = [...this.#plates.values()];
		const own = taken.filter(({ member }) => member === by.member);
		// One code at a time leads to a place.
		for (const plate of own) if (plate.place === wanted.place) plate.dead = true;
		if (taken.length >= nameplatesMax || own.filter(({ dead }) => !dead).length >= perMember)
			throw new ServerError('over-limit');
		for (;;) {
			const nameplate = String(randomInt(nameplates)).padStart(3, '0');
			if (!this.#plates.has(nameplate)) return this.#add({ ...wanted, nameplate }, by);
		}
	}

	#add(
		{ nameplate, session, place, nonce }: Pick<Plate, 'nameplate' | 'session' | 'place' | 'nonce'>,
		{ member, connection }: Parameters<Codes['show']>[1],
	): string {
		const until = this.#clock.monotonic() + codeMs;
		const plate = { nameplate, session, place, nonce, member, connection, until, dead: false };
		this.#plates.set(nameplate, plate);
		return nameplate;
	}

	/** The code is no use to anybody any more; its nameplate stays taken for a while, so that nobody lands elsewhere. */
	close(nameplate: string, member: string): void {
		const plate = this.#plate(nameplate);
		if (plate?.member === member) plate.dead = true;
	}

	/** A socket is gone. */
	closed(connection: Connection): void {
		for (const plate of this.#plates.values())
			if (plate.connection === connection) plate.connection = undefined;
	}

	/** Where a nameplate leads. Throws `too-many-tries` before anybody is asked. */
	route(nameplate: string, address: string): Plate | undefined {
		const plate = this.#plate(nameplate);
		try {
			this.#limits.count({ address, nameplate, hit: plate !== undefined });
		} catch (error) {
			this.#tellFlood();
			throw error;
		}
		return plate;
	}

	/** Begins a try at a plate whose host is there. */
	begin(plate: Plate, address: string): string {
		const name = newId();
		this.#tickets.set(name, { plate, address, next: 'share', waiting: undefined });
		return name;
	}

	/** Passes a question on to the host's client and waits for its answer. Throws `not-found`, `bad-request`. */
	async ask(name: string, question: CodeQuestion): Promise<CodeReply> {
		const ticket = this.#tickets.get(name);
		if (!ticket) throw new ServerError('not-found');
		if (ticket.next !== question.step) throw new ServerError('bad-request');
		const { plate } = ticket;
		if (plate.dead || plate.until <= this.#clock.monotonic()) return no('dead');
		if (!plate.connection?.open) return no('away');
		ticket.next = question.step === 'share' ? 'tag' : 'over';
		const { promise, resolve } = Promise.withResolvers<CodeReply>();
		const late = setTimeout(() => resolve(no('away')), codeStepMs);
		ticket.waiting = { step: question.step, done: resolve };
		const { nameplate } = plate;
		plate.connection.send({ type: 'code-ask', try: name, nameplate, question });
		const reply = await promise;
		clearTimeout(late);
		ticket.waiting = undefined;
		if (reply.step === 'place') this.#limits.forgive(ticket.address);
		// Nothing was answered: the same question may come again.
		if (reply.step === 'no' && reply.why === 'busy') ticket.next = 'share';
		return reply;
	}

	/** The host's client answered. Throws `not-found` when nobody waits for it there, `forbidden` for another's try. */
	answer(name: string, reply: CodeReply, connection: Connection): void {
		const ticket = this.#tickets.get(name);
		if (!ticket?.waiting) throw new ServerError('not-found');
		if (ticket.plate.connection !== connection) throw new ServerError('forbidden');
		const fits =
			reply.step === 'no' || (reply.step === 'share') === (ticket.waiting.step === 'share');
		if (!fits) throw new ServerError('bad-request');
		ticket.waiting.done(reply);
	}

	#tellFlood(): void {
		const now = this.#clock.monotonic();
		for (const { connection, dead, until } of this.#plates.values()) {
			if (!connection || dead || until <= now) continue;
			const told = this.#floodTold.get(connection) ?? Number.NEGATIVE_INFINITY;
			if (now - told < floodNewsMs) continue;
			this.#floodTold.set(connection, now);
			connection.send({ type: 'code-flood' });
		}
	}
}
