import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type CodeQuestion, type CodeReply, codeMs, codeStepMs } from '../protocol/code.ts';
import type { ServerMessage } from '../protocol/socket.ts';
import { newId } from '../random.ts';
import { type CodeClient, type CodeResult, Codes } from './codes.ts';
import { calmMs, missesOfPractice, originOf, perNetwork } from './limits.ts';

class Clock {
	ms = 0;
	now = () => this.ms;
	monotonic = () => this.ms;
}

const bytes = (length: number): string => Buffer.alloc(length, 1).toString('base64url');
const shareQuestion: CodeQuestion = {
	step: 'share',
	nonce: newId(),
	identity: { ed25519: bytes(32), x25519: bytes(32) },
	share: bytes(32),
};
const tagQuestion: CodeQuestion = { step: 'tag', tag: null };
const shareReply = (left: number): CodeReply => ({
	step: 'share',
	share: bytes(32),
	tag: bytes(64),
	left,
});

let clock: Clock;
let codes: Codes;
let results: CodeResult[];

beforeEach(() => {
	clock = new Clock();
	codes = new Codes(clock);
	results = [];
	codes.onresult = (_plate, result) => results.push(result);
});
afterEach(() => {
	codes.close();
	vi.useRealTimers();
});

/** A host's page: answers three tries of each code, and knows who has the right digits. */
class Host implements CodeClient {
	open = true;
	readonly member = newId();
	readonly place = newId();
	readonly heard: ServerMessage[] = [];
	answered = 0;
	right = false;
	/** Answers nothing by itself. */
	silent = false;
	nonce = newId();

	show(nameplate: string | null = null): string {
		if (nameplate === null) [this.nonce, this.answered] = [newId(), 0];
		const { nonce, place, member } = this;
		return codes.show({ nameplate, session: newId(), place, nonce }, { member, connection: this });
	}

	send(message: ServerMessage): void {
		this.heard.push(message);
		if (message.type !== 'code-ask' || this.silent) return;
		queueMicrotask(() => codes.answer(message.try, this.#reply(message.question), this));
	}

	#reply({ step }: CodeQuestion): CodeReply {
		if (step === 'tag')
			return this.right ? { step: 'place', sealed: bytes(60) } : { step: 'no', why: 'wrong' };
		return this.answered === 3 ? { step: 'no', why: 'dead' } : shareReply(3 - ++this.answered);
	}

	count(type: ServerMessage['type']): number {
		return this.heard.filter((message) => message.type === type).length;
	}
}

type Outcome = 'unknown' | 'rest' | 'dead' | 'refused' | CodeReply['step'];

function arrive(nameplate: string, from: string): ReturnType<Codes['route']> | 'refused' {
	try {
		return codes.route(nameplate, from);
	} catch {
		return 'refused';
	}
}

/** A whole try, as a browser makes it. */
async function enter(nameplate: string, from: string): Promise<Outcome> {
	const plate = arrive(nameplate, from);
	if (plate === 'refused' || plate === undefined) return plate ?? 'unknown';
	if (typeof plate === 'number') return 'rest';
	const name = plate.dead || codes.expired(plate) ? undefined : codes.begin(plate, from);
	if (name === undefined) return 'dead';
	const first = await codes.ask(name, shareQuestion);
	return first.step === 'share' ? (await codes.ask(name, tagQuestion)).step : 'dead';
}

const all = (from: (at: number) => string, count = 10_000): string[] =>
	Array.from({ length: count }, (_, at) => from(at));
/** Addresses of one network each. */
const address = (at: number): string => `10.${(at >> 8) & 255}.${at & 255}.7`;

/** Every nameplate that a short code can have. */
const plates = Array.from({ length: 1000 }, (_, at) => String(at).padStart(3, '0'));

describe('a stranger', () => {
	test('who tries 10,000 times from one address reaches nobody after nine', async () => {
		const host = new Host();
		const nameplate = host.show();
		const others = all((at) => plates[at % 1000] ?? '').filter((it) => it !== nameplate);
		let refused = 0;
		for (const one of others) if (arrive(one, address(1)) === 'refused') refused++;
		expect(refused).toBe(others.length - perNetwork);
		expect(host.heard).toEqual([]);
		// From anywhere else it is as if nothing had been.
		host.right = true;
		expect(await enter(nameplate, address(2))).toBe('place');
	});

	test('who knows which code it is, and tries it 10,000 times from one address, does not burn it', async () => {
		const host = new Host();
		const nameplate = host.show();
		for (const from of all(() => address(1))) await enter(nameplate, from);
		expect(host.answered).toBe(2);
		expect(host.count('code-refused')).toBe(1);
		expect(results).toEqual(['wrong', 'wrong', 'refused']);
		host.right = true;
		expect(await enter(nameplate, address(2))).toBe('place');
	});

	test('who has a whole /48 of IPv6 is one, and gets no more at once than one after another', async () => {
		const host = new Host();
		const nameplate = host.show();
		const from = all((at) => `2001:db8:5:${at.toString(16)}::1`, 2000);
		await Promise.all(from.map((one) => enter(nameplate, one)));
		expect(host.answered).toBe(2);
		// Nor when every try was begun before the first was asked.
		const other = new Host();
		const plate = codes.route(other.show(), address(1));
		if (typeof plate !== 'object') throw new Error('a plate');
		const names = Array.from({ length: 20 }, () => codes.begin(plate, address(1)) ?? '');
		const replies = await Promise.all(names.map((name) => codes.ask(name, shareQuestion)));
		expect(replies.filter(({ step }) => step === 'share')).toHaveLength(2);
		expect(originOf('2001:db8:5::1').site).toBe(originOf('2001:db8:5:ffff::9').site);
	});
});

describe('a stranger with many networks', () => {
	test('who tries 10,000 times from 10,000 addresses burns nothing, and a new code works straight away', async () => {
		const host = new Host();
		let nameplate = host.show();
		// Nothing protects the code that is among the first few from one try: that is a case of its own.
		const first = Number(nameplate) + 1;
		const outcomes: Record<string, number> = {};
		for (const [at, from] of all(address).entries()) {
			const outcome = await enter(plates[(first + at) % 1000] ?? '', from);
			outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
			clock.ms += 50;
		}
		expect(outcomes).toEqual({
			unknown: missesOfPractice - 1,
			rest: 10_000 - missesOfPractice + 1,
		});
		expect([host.answered, host.count('code-ask')]).toEqual([0, 0]);
		// Once a minute for more than eight minutes.
		expect(host.count('code-flood')).toBe(9);
		expect(results).toEqual(['refused']);
		host.right = true;
		// The right person is told that the code rests, not that it is wrong; with a new one she comes in.
		expect(await enter(nameplate, '192.0.2.1')).toBe('rest');
		const long = host.show();
		expect(long).toMatch(/^\d{6}$/);
		expect(await enter(long, '192.0.2.1')).toBe('place');
		// And fifteen minutes after the last the short ones are tried again.
		clock.ms += calmMs;
		nameplate = host.show();
		expect(nameplate).toMatch(/^\d{3}$/);
		expect(await enter(nameplate, '192.0.2.1')).toBe('place');
	});

	test('who found a code can burn it from two networks, and does not find the next one', async () => {
		const host = new Host();
		const nameplate = host.show();
		for (const at of [1, 1, 2]) await enter(nameplate, address(at));
		expect(host.answered).toBe(3);
		const next = host.show();
		expect(next).toMatch(/^\d{6}$/);
		host.right = true;
		expect(await enter(next, address(3))).toBe('place');
	});

	test('who goes from code to code is stopped by what the whole practice may get wrong', async () => {
		const hosts = Array.from({ length: 10 }, () => new Host());
		const names = hosts.map((host) => host.show());
		const outcomes: Outcome[] = [];
		for (const [at, name] of [...names, ...names].entries())
			outcomes.push(await enter(name, address(at)));
		expect(outcomes).toEqual([
			...Array.from({ length: 12 }, () => 'no'),
			...Array.from({ length: 8 }, () => 'rest'),
		]);
		expect(Math.max(...hosts.map((host) => host.answered))).toBe(2);
	});

	test('learns in a flood neither which codes there are nor which of them are over', () => {
		const host = new Host();
		const live = host.show();
		const over = new Host();
		const ended = over.show();
		codes.end(ended, over.member);
		const others = plates.slice(0, 40).filter((it) => it !== live && it !== ended);
		for (const [at, one] of others.entries()) arrive(one, address(at));
		const seen = [live, ended, others[0] ?? ''].map((one, at) => arrive(one, address(100 + at)));
		expect(seen).toEqual([calmMs / 1000, calmMs / 1000, calmMs / 1000]);
	});
});

test.each([0, missesOfPractice - 1, missesOfPractice])(
	'a stranger with many networks who comes to a code after %i others has one try at it, and does not burn it',
	async (before) => {
		const host = new Host();
		const nameplate = host.show();
		const first = 1000 + Number(nameplate) - before;
		for (const [at, from] of all(address).entries()) {
			await enter(plates[(first + at) % 1000] ?? '', from);
			clock.ms += 50;
		}
		expect(host.answered).toBe(before < missesOfPractice ? 1 : 0);
		// A code that is dead is gone for its host too.
		expect(host.show(nameplate)).toBe(nameplate);
		clock.ms += calmMs;
		expect(host.show(nameplate)).toBe(nameplate);
		host.right = true;
		expect(await enter(nameplate, '192.0.2.1')).toBe('place');
	},
);

describe('the right person', () => {
	test('with right digits spends nothing of anybody', async () => {
		for (let at = 0; at < 40; at++) {
			const host = new Host();
			host.right = true;
			const nameplate = host.show();
			expect(await enter(nameplate, address(1))).toBe('place');
			codes.end(nameplate, host.member);
		}
		expect(results).toEqual(Array.from({ length: 40 }, () => 'right'));
	});

	test('who finds the host busy asks again, and is not asked to pay for it', async () => {
		const host = new Host();
		const nameplate = host.show();
		host.silent = true;
		const plate = codes.route(nameplate, address(1));
		if (typeof plate !== 'object') throw new Error('a plate');
		const name = codes.begin(plate, address(1)) ?? '';
		for (let at = 0; at < 4; at++) {
			const asked = codes.ask(name, shareQuestion);
			codes.answer(name, { step: 'no', why: 'busy' }, host);
			expect(await asked).toEqual({ step: 'no', why: 'busy' });
		}
		host.silent = false;
		expect(await codes.ask(name, shareQuestion)).toMatchObject({ step: 'share', left: 1 });
		for (let at = 0; at < 3; at++)
			await expect(codes.ask(name, shareQuestion)).rejects.toThrow('bad-request');
	});

	test('is told that a code is too old for as long again', async () => {
		const host = new Host();
		const nameplate = host.show();
		clock.ms += codeMs;
		const plate = codes.route(nameplate, address(1));
		expect(typeof plate === 'object' && codes.expired(plate)).toBe(true);
		clock.ms += codeMs;
		expect(codes.route(nameplate, address(1))).toBeUndefined();
	});
});

test('a try that nobody finishes is a wrong one after its time', async () => {
	vi.useFakeTimers();
	const host = new Host();
	const plate = codes.route(host.show(), address(1));
	if (typeof plate !== 'object') throw new Error('a plate');
	await codes.ask(codes.begin(plate, address(1)) ?? '', shareQuestion);
	expect(results).toEqual([]);
	await vi.advanceTimersByTimeAsync(codeStepMs);
	expect(results).toEqual(['wrong']);
});

test('the host is told of a flood when she comes back in the middle of it', () => {
	const host = new Host();
	const nameplate = host.show();
	const free = plates.slice(0, 30);
	host.open = false;
	codes.closed(host);
	for (const [at, one] of free.filter((it) => it !== nameplate).entries()) arrive(one, address(at));
	expect(host.heard).toEqual([]);
	clock.ms += 5000;
	host.open = true;
	expect(host.show(nameplate)).toBe(nameplate);
	expect(host.heard).toEqual([{ type: 'code-flood', seconds: calmMs / 1000 - 5 }]);
});

test('a member who brings her own nameplates gets no more of them than others', () => {
	const host = new Host();
	const { member } = host;
	const again = (nameplate: string) =>
		codes.show(
			{ nameplate, session: newId(), place: newId(), nonce: newId() },
			{ member, connection: host },
		);
	const own = Array.from({ length: 50 }, (_, at) => String(at).padStart(3, '0'));
	for (const nameplate of own) expect(again(nameplate)).toBe(nameplate);
	expect(() => again('500')).toThrow('over-limit');
	expect(() => host.show()).toThrow('over-limit');
	codes.end('000', member);
	expect(again('500')).toBe('500');
});

test('nobody brings nameplates beyond what the practice has', () => {
	const wanted = { session: newId(), place: newId(), nonce: newId() };
	const bring = (at: number) => {
		const nameplate = String(at).padStart(6, '0');
		const member = `member ${Math.floor(at / 50)}`;
		return codes.show({ ...wanted, nameplate }, { member, connection: new Host() });
	};
	for (let at = 0; at < 10_000; at++) bring(at);
	expect(() => bring(10_000)).toThrow('over-limit');
}, 60_000);
