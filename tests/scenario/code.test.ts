import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { fromHex, toBase64url, toHex } from '#crypto/bytes.ts';
import { type AccessCode, formatCode } from '#crypto/cpace/code.ts';
import { generateParticipantIdentity, encodePublicIdentity } from '#crypto/identity/identity.ts';
import { stateOf } from '#lib/code/stored.ts';
import { codeMs } from '../../signaling/protocol/code.ts';
import { CodePage, type Guest, enterCode, guest, wrongCode } from '../code.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { pairDevice } from '../presence.ts';
import type { Staff } from '../staff.ts';
import { call, newId } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 });

let local: LocalServer & { maya: Staff };
let where: { session: string; place: string };
let page: CodePage;
let code: AccessCode;

beforeAll(async () => {
	// Behind a proxy, so that a test can come from many addresses.
	local = await localPractice({ env: { TRUST_PROXY: '1' } });
});
afterAll(() => local.stop());

/** Time goes by, and the host unlocks her device again. */
async function later(ms: number): Promise<void> {
	local.clock.forward(ms);
	await local.maya.unlock();
}

let network = 0;
/** An address that nobody used before. */
const address = () => `10.${++network >> 8}.${network & 255}.7`;
const someone = (from = address()) => guest(local.address, { from });
const stored = () => page.shelf.codes.get(where.place);
const stateNow = () => {
	const one = stored();
	return one && stateOf(one, Date.now());
};

/** What the history of the session says of codes. */
async function acts(): Promise<string[]> {
	const { body } = await local.maya.call('GET', `/api/sessions/${where.session}/history`);
	const rows: { act: string; who: string }[] = body.rows;
	expect(JSON.stringify(rows)).not.toContain(code.secret);
	const about = rows.filter(({ act }) => act.startsWith('code-'));
	expect(about.every(({ who }) => who === where.place)).toBe(true);
	return about.map(({ act }) => act);
}

beforeEach(async () => {
	const { id: session, places } = await local.maya.session();
	where = { session, place: places[0] ?? '' };
	page = await CodePage.open(local.maya, where.place);
	code = await page.show(where);
	return () => page.line.close();
});

test('the right code gives her the place and the host her key, and serves once', async () => {
	const dana = await someone();
	const outcome = await enterCode(dana, code);
	expect(outcome).toMatchObject({ state: 'in', place: where.place });
	expect(await page.shelf.confirmed(where.place)).toEqual([
		toHex(dana.identity.publicIdentity.ed25519),
	]);
	expect(stateNow()).toBe('used');
	expect(await enterCode(await someone(), code)).toEqual({ state: 'burnt' });
});

test('three wrong ones burn it, also for who knows it', async () => {
	const dana = await someone();
	expect(await enterCode(dana, wrongCode(code, 1))).toEqual({ state: 'wrong', left: 1 });
	// From one place there is no third.
	expect(await enterCode(dana, wrongCode(code, 2))).toEqual({ state: 'burnt' });
	expect(await enterCode(dana, code)).toEqual({ state: 'burnt' });
	await vi.waitFor(() => expect(page.refused).toEqual([code.nameplate]));
	expect(stateNow()).toBe('live');
	expect(await enterCode(await someone(), wrongCode(code, 3))).toEqual({ state: 'burnt' });
	expect(stateNow()).toBe('burnt');
	expect(await enterCode(await someone(), code)).toEqual({ state: 'burnt' });
	expect(await page.shelf.confirmed(where.place)).toEqual([]);
	expect(await acts()).toEqual([
		'code-shown',
		'code-wrong',
		'code-wrong',
		'code-refused',
		'code-wrong',
	]);
	// A new one has to be shown.
	code = await page.show(where);
	expect(await enterCode(await someone(), code)).toMatchObject({ state: 'in' });
});

test('a new code takes the place of the one before', async () => {
	const before = code;
	code = await page.show(where);
	expect(code).not.toEqual(before);
	expect(await enterCode(await someone(), before)).toEqual({ state: 'burnt' });
	expect(await enterCode(await someone(), code)).toMatchObject({ state: 'in' });
});

test('in parallel only three are answered, one after another', async () => {
	let open = 0;
	let most = 0;
	const { host } = page;
	const answer = host.answer.bind(host);
	host.answer = async (name, nameplate, question) => {
		const reply = await answer(name, nameplate, question);
		if (reply.step === 'share') most = Math.max(most, ++open);
		if (question.step === 'tag') open--;
		return reply;
	};
	const people = await Promise.all(Array.from({ length: 12 }, () => someone()));
	const outcomes = await Promise.all(
		people.map((one, at) => enterCode(one, wrongCode(code, 1 + at)).catch(() => 'refused')),
	);
	const shares = page.sent.filter((it) => it.type === 'code-answer' && it.reply.step === 'share');
	expect(shares.length).toBeLessThanOrEqual(3);
	expect(most).toBe(1);
	expect(outcomes.filter((one) => typeof one === 'object' && one.state === 'in')).toEqual([]);
	expect(stored()?.answered).toBe(shares.length);
});

/** The first question of a try, as somebody asks it who knows no digits. */
async function anyShare() {
	const identity = encodePublicIdentity((await generateParticipantIdentity()).publicIdentity);
	const { ed25519, x25519 } = identity;
	const valid = fromHex('2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c');
	return () => ({
		step: 'share' as const,
		nonce: newId(),
		identity: { ed25519, x25519 },
		share: toBase64url(valid),
	});
}

test('a server that asks two questions at once gets one answer', async () => {
	const { host } = page;
	const { door } = await someone();
	const route = await door.route(code.nameplate);
	expect(route.state).toBe('open');
	const question = await anyShare();
	const replies = await Promise.all(
		Array.from({ length: 8 }, (_, at) => host.answer(`t${at}`, code.nameplate, question())),
	);
	expect(replies.filter(({ step }) => step === 'share').length).toBe(1);
});

test('a try at the code before says nothing about the one that is shown now', async () => {
	const { host } = page;
	const question = await anyShare();
	await host.answer('old', code.nameplate, question());
	code = await page.show(where);
	expect(await host.answer('new', code.nameplate, question())).toMatchObject({ step: 'share' });
	const wrong = { step: 'no', why: 'wrong' };
	expect(await host.answer('old', code.nameplate, { step: 'tag', tag: null })).toEqual(wrong);
	// The new one is still being answered, so nobody else is.
	const busy = { step: 'no', why: 'busy' };
	expect(await host.answer('other', code.nameplate, question())).toEqual(busy);
	expect(stored()?.answered).toBe(1);
});

test('a reload between the tries gives nobody more of them, and the code goes on', async () => {
	const { shelf } = page;
	for (let at = 1; at <= 2; at++) {
		expect(await enterCode(await someone(), wrongCode(code, at))).toEqual({
			state: 'wrong',
			left: 1,
		});
		await page.line.close();
		page = await CodePage.open(local.maya, where.place, { shelf });
		expect(await page.again(where.place)).toBe(code.nameplate);
	}
	expect(await enterCode(await someone(), wrongCode(code, 3))).toEqual({ state: 'burnt' });
	expect(stateNow()).toBe('burnt');
});

test('the try is on the disk before the answer leaves', async () => {
	const order: string[] = [];
	page.shelf.onwrite = () => order.push('written');
	const send = page.line.send.bind(page.line);
	page.line.send = (message) => {
		if (message.type === 'code-answer') order.push(message.reply.step);
		send(message);
	};
	await enterCode(await someone(), wrongCode(code));
	expect(order.slice(0, 2)).toEqual(['written', 'share']);
});

test('what is no share, and a try that nobody finishes, cost nothing and one', async () => {
	const { door, identity } = await someone();
	const { ed25519, x25519 } = encodePublicIdentity(identity.publicIdentity);
	const route = await door.route(code.nameplate);
	if (route.state !== 'open') throw new Error('open');
	const neutral = toBase64url(new Uint8Array(32));
	const question = { step: 'share', nonce: newId(), share: neutral } as const;
	expect(await door.ask(route.try, { ...question, identity: { ed25519, x25519 } })).toEqual({
		step: 'no',
		why: 'wrong',
	});
	expect(stored()?.answered).toBe(0);
	// The first is left after the answer; the next one waits, and is not answered until it is over.
	let asked = 0;
	const left = await someone();
	const ask: typeof left.door.ask = (name, one) =>
		asked++ > 0 ? new Promise(() => {}) : left.door.ask(name, one);
	void enterCode({ ...left, door: { ...left.door, ask } }, wrongCode(code));
	await vi.waitFor(() => expect(stored()?.answered).toBe(1));
	expect(await enterCode(await someone(), code)).toEqual({ state: 'busy' });
	expect(stored()?.answered).toBe(1);
});

test('with the host away she may wait unproven, and too old is said so', async () => {
	await page.line.close();
	await vi.waitFor(async () => {
		const outcome = await enterCode(await someone(), code);
		expect(outcome).toEqual({ state: 'away', place: where.place });
	});
	await later(codeMs);
	expect(await enterCode(await someone(), code)).toEqual({ state: 'expired' });
});

test('an ended session has no code', async () => {
	await local.maya.call('POST', `/api/sessions/${where.session}/end`);
	expect(await enterCode(await someone(), code)).toEqual({ state: 'burnt' });
	await expect(page.show(where)).rejects.toThrow('session-ended');
});

test('only the host shows a code of her place, and answers for it', async () => {
	const other = await local.maya.session();
	await expect(page.show({ session: other.id, place: where.place })).rejects.toThrow('not-found');
	const reply = { step: 'no', why: 'dead' } as const;
	const answer = { type: 'code-answer', id: newId(), try: newId(), reply } as const;
	expect(await page.line.ask(answer)).toMatchObject({ error: 'not-found' });
	const presence = await (await pairDevice(local.maya)).line();
	await presence.next('ready');
	const wish = { type: 'code', id: newId(), nameplate: null, nonce: newId(), ...where } as const;
	expect(await presence.ask(wish)).toMatchObject({ error: 'forbidden' });
});

/** Tries of nameplates in order, each from where `from` says. */
async function flood(count: number, from: (at: number) => string): Promise<unknown[]> {
	const answers = await Promise.all(
		Array.from({ length: count }, async (_, at) => {
			const nameplate = String(at).padStart(3, '0');
			const headers = { 'x-forwarded-for': from(at) };
			const body = { nameplate };
			const { status, body: said } = await call(local.address, 'POST', '/api/codes/tries', {
				body,
				headers,
			});
			return status === 429 ? 'refused' : said.state;
		}),
	);
	return answers;
}
const times = (answers: unknown[], one: string) => answers.filter((it) => it === one).length;

// Ten thousand of them are tried at signaling/code/codes.test.ts, without a network between.
test('a stranger at one address is refused before the host is asked, and nobody else is', async () => {
	const from = address();
	while (Number(code.nameplate) < 60) code = await page.show(where);
	const answers = await flood(60, () => from);
	// Nine are looked at; a nameplate of an older code among them is not unknown.
	expect(times(answers, 'refused')).toBe(51);
	expect([page.asked, stored()?.answered]).toEqual([0, 0]);
	await expect(enterCode(await someone(from), code)).rejects.toThrow('too-many-tries');
	expect(await enterCode(await someone(), code)).toMatchObject({ state: 'in' });
});

test('strangers at many addresses burn no code, the host is told, and a longer one works', async () => {
	while (Number(code.nameplate) < 60) code = await page.show(where);
	expect(times(await flood(60, address), 'rest')).toBeGreaterThan(40);
	await vi.waitFor(() => expect(page.floods).toBe(1));
	expect([page.asked, stored()?.answered]).toEqual([0, 0]);
	expect(await enterCode(await someone(), code)).toMatchObject({ state: 'rest' });
	expect(stateNow()).toBe('live');
	code = await page.show(where);
	expect(formatCode(code)).toMatch(/^\d{3}( \d{3}){3}$/);
	expect(await enterCode(await someone(), code)).toMatchObject({ state: 'in' });
	expect(await acts()).toEqual([
		...Array.from({ length: (await acts()).length - 3 }, () => 'code-shown'),
		'code-refused',
		'code-shown',
		'code-right',
	]);
	await later(codeMs);
});

test('what the server sees does not tell two secrets apart', async () => {
	const dana = await someone();
	await enterCode(dana, code);
	const seen = JSON.stringify([dana.transcript, page.sent]);
	expect(seen).not.toContain(code.secret);
	// All that the server has, and every guess at hand: each is as good as any other.
	const [open, share] = dana.transcript;
	expect(open?.sent).toEqual({ nameplate: code.nameplate });
	expect(Object.keys(share?.sent ?? {}).toSorted()).toEqual(['identity', 'nonce', 'share', 'step']);
	const lengths = ({ transcript }: Guest) => transcript.map((one) => JSON.stringify(one).length);
	code = await page.show(where);
	const tom = await someone();
	await enterCode(tom, code);
	expect(lengths(tom)).toEqual(lengths(dana));
});
