import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { ServerError } from '../errors.ts';
import { Expiring } from '../expiring.ts';
import { type CodeQuestion, type CodeReply, codeMs, codeStepMs } from '../protocol/code.ts';
import { newId } from '../random.ts';
import type { Connection } from '../room/connection.ts';
import { CodeLimits, type Origin, type Spent, isLong, originOf } from './limits.ts';

/** Above it a free short nameplate would say too much, and misses would be too rare: then codes are long. */
const shortMax = 500;
const platesMax = 10_000;
/** Codes that one member has at once. */
const perMember = 50;
const floodNewsMs = 60_000;
const ticketsMax = 10_000;
/** Questions of one try: it may find the host busy so often. */
const asksMax = 8;

/** A host's client. */
export type CodeClient = Pick<Connection, 'open' | 'send'>;

/** A code that was shown, as far as the server knows it: where it leads, never its secret. */
export interface Plate {
	readonly nameplate: string;
	readonly member: string;
	readonly session: string;
	readonly place: string;
	nonce: string;
	readonly until: number;
	connection: CodeClient | undefined;
	dead: boolean;
	/** Tries that the host was asked for and that were not right, by site. */
	readonly tries: Map<string, number>;
	/** Somebody was refused before the host was asked: that is written down once. */
	refused: boolean;
}

interface Ticket {
	readonly plate: Plate;
	readonly origin: Origin;
	asks: number;
	/** The step that comes next. */
	next: CodeQuestion['step'] | 'over';
	waiting: { step: CodeQuestion['step']; done: (reply: CodeReply) => void } | undefined;
	spent: Spent | undefined;
	/** A try that was answered and is not over. */
	open: ReturnType<typeof setTimeout> | undefined;
}

/** What became of a code, for the history. */
export type CodeResult = 'right' | 'wrong' | 'refused';

const no = (why: 'dead' | 'away'): CodeReply => ({ step: 'no', why });

/** Which nameplate leads to whose client, and who is on the way there. In memory: a host's client says it again. */
export class Codes {
	/** Called when a try is over, or was refused. */
	onresult: (plate: Plate, result: CodeResult) => void = () => {};
	readonly #clock: Clock;
	readonly #limits: CodeLimits;
	readonly #plates = new Map<string, Plate>();
	readonly #tickets: Expiring<Ticket>;
	readonly #open = new Set<ReturnType<typeof setTimeout>>();
	/** When each host's client was told of strangers, and when all were. */
	readonly #floodTold = new WeakMap<CodeClient, number>();
	#allTold = Number.NEGATIVE_INFINITY;

	constructor(clock: Clock) {
		this.#clock = clock;
		this.#limits = new CodeLimits(clock);
		this.#tickets = new Expiring({ clock, lifeMs: 3 * codeStepMs, max: ticketsMax });
	}

	/** Nothing is reported any more. */
	close(): void {
		for (const timer of this.#open) clearTimeout(timer);
		this.#open.clear();
	}

	/** Its nameplate stays taken for a while after the end, so that nobody lands elsewhere, and reads why. */
	#plate(nameplate: string): Plate | undefined {
		const plate = this.#plates.get(nameplate);
		if (!plate || plate.until + codeMs > this.#clock.monotonic()) return plate;
		this.#plates.delete(nameplate);
		return undefined;
	}

	/** Whether a code lived too long. */
	expired({ until }: Plate): boolean {
		return until <= this.#clock.monotonic();
	}

	#works(plate: Plate): boolean {
		return !plate.dead && !this.expired(plate);
	}

	/** A member's client answers for a code. Throws `gone` for a nameplate that is not hers any more, `over-limit`. */
	show(
		wanted: { nameplate: string | null; session: string; place: string; nonce: string },
		by: { member: string; connection: CodeClient },
	): string {
		const { member, connection } = by;
		if (wanted.nameplate === null) return this.#assign(wanted, by);
		if (this.#limits.restSeconds > 0) this.#tell(connection);
		const plate = this.#plate(wanted.nameplate);
		if (!plate) {
			// After a restart of the server: nobody else has it.
			return this.#add({ ...wanted, nameplate: wanted.nameplate }, by);
		}
		const same = plate.member === member && plate.place === wanted.place;
		if (!same || plate.dead || plate.nonce !== wanted.nonce) throw new ServerError('gone');
		// The host's client knows best when the code ends.
		if (this.expired(plate)) return this.#add(plate, by);
		plate.connection = connection;
		return plate.nameplate;
	}

	/** Every nameplate that is not free. */
	#taken(): Plate[] {
		for (const nameplate of this.#plates.keys()) this.#plate(nameplate);
		return [...this.#plates.values()];
	}

	#assign(wanted: Pick<Plate, 'session' | 'place' | 'nonce'>, by: Parameters<Codes['show']>[1]) {
		const taken = this.#taken();
		const here = taken.filter(
			({ member, place }) => member === by.member && place === wanted.place,
		);
		// One code at a time leads to a place.
		for (const plate of here) plate.dead = true;
		const short = taken.filter(({ nameplate }) => !isLong(nameplate)).length;
		// Somebody who was not given the code before found it: this one is not to be found.
		const found = here.some(({ tries }) => tries.size > 1);
		const long = found || this.#limits.restSeconds > 0 || short >= shortMax;
		for (;;) {
			const digits = long ? 6 : 3;
			const nameplate = String(randomInt(10 ** digits)).padStart(digits, '0');
			if (!this.#plates.has(nameplate)) return this.#add({ ...wanted, nameplate }, by);
		}
	}

	#add(
		{ nameplate, session, place, nonce }: Pick<Plate, 'nameplate' | 'session' | 'place' | 'nonce'>,
		{ member, connection }: Parameters<Codes['show']>[1],
	): string {
		let own = 0;
		for (const plate of this.#plates.values())
			if (plate.member === member && this.#works(plate)) own++;
		const known = this.#plates.has(nameplate);
		const full = !known && this.#plates.size >= platesMax && this.#taken().length >= platesMax;
		if (full || own >= perMember) throw new ServerError('over-limit');
		const until = this.#clock.monotonic() + codeMs;
		const fresh = { dead: false, refused: false, tries: new Map<string, number>() };
		const plate = { nameplate, session, place, nonce, member, connection, until, ...fresh };
		this.#plates.set(nameplate, plate);
		return nameplate;
	}

	/** The code is no use to anybody any more. */
	end(nameplate: string, member: string): void {
		const plate = this.#plate(nameplate);
		if (plate?.member === member) plate.dead = true;
	}

	/** A socket is gone. */
	closed(connection: CodeClient): void {
		for (const plate of this.#plates.values())
			if (plate.connection === connection) plate.connection = undefined;
	}

	/**
	 * Where a nameplate leads; a number when short codes rest: seconds until they do not. Throws `too-many-tries` before
	 * anybody is asked.
	 */
	route(nameplate: string, address: string): Plate | number | undefined {
		const plate = this.#plate(nameplate);
		this.#limits.arrive(originOf(address), { nameplate, hit: plate !== undefined });
		const { restSeconds } = this.#limits;
		if (restSeconds === 0 || isLong(nameplate)) return plate;
		// Says the same whether somebody has this code or not.
		this.#tellFlood();
		return restSeconds;
	}

	/** Begins a try at a plate whose host is there; undefined where this site had its tries with this code. */
	begin(plate: Plate, address: string): string | undefined {
		const origin = originOf(address);
		if (!this.#limits.mayTry(origin, plate)) {
			this.#refuse(plate);
			return undefined;
		}
		const name = newId();
		const fresh = { asks: 0, waiting: undefined, spent: undefined, open: undefined };
		this.#tickets.set(name, { plate, origin, next: 'share', ...fresh });
		return name;
	}

	/** Passes a question on to the host's client and waits for its answer. Throws `not-found`, `bad-request`. */
	async ask(name: string, question: CodeQuestion): Promise<CodeReply> {
		const ticket = this.#tickets.get(name);
		if (!ticket) throw new ServerError('not-found');
		if (ticket.next !== question.step || ++ticket.asks > asksMax)
			throw new ServerError('bad-request');
		const { plate } = ticket;
		if (!this.#works(plate)) return no('dead');
		if (!plate.connection?.open) return no('away');
		if (question.step === 'tag') return this.#tag(ticket, plate.connection, { name, question });
		// Before the host is asked: of many at once no more get through than one after another.
		const live = [...this.#plates.values()].filter((one) => this.#works(one)).length;
		ticket.spent = this.#limits.spend(ticket.origin, { ...plate, live });
		if (!ticket.spent) {
			this.#refuse(plate);
			return no('dead');
		}
		ticket.next = 'tag';
		const reply = await this.#pass(ticket, plate.connection, { name, question });
		if (reply.step === 'share') {
			ticket.spent.answered();
			ticket.open = setTimeout(() => this.#over(ticket, 'wrong'), codeStepMs);
			this.#open.add(ticket.open);
			return { ...reply, left: Math.min(reply.left, ticket.spent.left) };
		}
		// Nothing was answered, so nothing is spent; who found the host busy may ask the same again.
		ticket.spent.giveBack();
		ticket.next = reply.step === 'no' && reply.why === 'busy' ? 'share' : 'over';
		return reply;
	}

	async #tag(
		ticket: Ticket,
		connection: CodeClient,
		ask: { name: string; question: CodeQuestion },
	): Promise<CodeReply> {
		ticket.next = 'over';
		const reply = await this.#pass(ticket, connection, ask);
		if (reply.step === 'place') {
			this.#limits.forgive(ticket.origin);
			ticket.spent?.giveBack();
		}
		this.#over(ticket, reply.step === 'place' ? 'right' : 'wrong');
		return reply;
	}

	async #pass(
		ticket: Ticket,
		connection: CodeClient,
		{ name, question }: { name: string; question: CodeQuestion },
	): Promise<CodeReply> {
		const { promise, resolve } = Promise.withResolvers<CodeReply>();
		const late = setTimeout(() => resolve(no('away')), codeStepMs);
		ticket.waiting = { step: question.step, done: resolve };
		const { nameplate } = ticket.plate;
		connection.send({ type: 'code-ask', try: name, nameplate, question });
		const reply = await promise;
		clearTimeout(late);
		ticket.waiting = undefined;
		return reply;
	}

	/** A try that was answered is reported once: when its last step is answered, or too late. */
	#over(ticket: Ticket, result: CodeResult): void {
		if (!ticket.open || !this.#open.delete(ticket.open)) return;
		clearTimeout(ticket.open);
		const { plate, spent } = ticket;
		this.onresult(plate, result);
		const { nameplate, connection } = plate;
		if (result === 'wrong' && spent?.left === 0)
			connection?.send({ type: 'code-refused', nameplate });
	}

	/** The host's client answered. Throws `not-found` when nobody waits for it there, `forbidden` for another's try. */
	answer(name: string, reply: CodeReply, connection: CodeClient): void {
		const ticket = this.#tickets.get(name);
		if (!ticket?.waiting) throw new ServerError('not-found');
		if (ticket.plate.connection !== connection) throw new ServerError('forbidden');
		const fits =
			reply.step === 'no' || (reply.step === 'share') === (ticket.waiting.step === 'share');
		if (!fits) throw new ServerError('bad-request');
		ticket.waiting.done(reply);
	}

	/** Somebody comes with a code who is not let through to its host. */
	#refuse(plate: Plate): void {
		if (plate.refused) return;
		plate.refused = true;
		this.onresult(plate, 'refused');
	}

	#tellFlood(): void {
		const now = this.#clock.monotonic();
		if (now - this.#allTold < floodNewsMs) return;
		this.#allTold = now;
		for (const plate of this.#plates.values()) {
			if (!this.#works(plate) || isLong(plate.nameplate)) continue;
			this.#refuse(plate);
			if (plate.connection) this.#tell(plate.connection);
		}
	}

	#tell(connection: CodeClient): void {
		const now = this.#clock.monotonic();
		const told = this.#floodTold.get(connection) ?? Number.NEGATIVE_INFINITY;
		if (now - told < floodNewsMs) return;
		this.#floodTold.set(connection, now);
		connection.send({ type: 'code-flood', seconds: this.#limits.restSeconds });
	}
}
