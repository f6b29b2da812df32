import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LocalServer, localPractice } from '../local.ts';
import { type Gateway, openGateway } from '../post.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, newId, signedNotice } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const day = 24 * 60 * 60_000;
const mobile = '+15550147731';
const notice = {
	v: 1,
	practice: 'Riverside Therapy',
	host: 'Dr. Maya Okafor',
	purpose: 'Part of the medical record & "more"',
	recorder: 'station',
	openers: 'Dr. Maya Okafor',
	keptUntil: null,
};

let gateway: Gateway;
let local: LocalServer & { maya: Staff };

beforeEach(async () => {
	gateway = await openGateway();
});
afterEach(async () => {
	await local.stop();
	await gateway.close();
});

const run = () => local.server.context.post.run();

async function invite(options: { recorded?: boolean } = {}) {
	const [id, place, sealed] = [newId(), newId(), bytesOf(60)];
	const { maya, clock } = local;
	await maya.call('POST', '/api/sessions', {
		id,
		startsAt: clock.now() + 2 * day,
		minutes: 50,
		sealed,
		notice: options.recorded ? signedNotice(maya.identity, id, notice) : null,
		places: [{ id: place, sealed }],
	});
	const contact = {
		place,
		email: null,
		mobile,
		language: 'en',
		timeZone: 'America/Los_Angeles',
		remindBefore: [],
		from: 'practice',
	};
	const body = { contacts: [contact] };
	expect((await maya.call('PUT', `/api/sessions/${id}/contacts`, body)).status).toBe(204);
	await run();
	return { id, place, sealed };
}

async function messages(id: string) {
	return (await local.maya.call('GET', `/api/post?session=${id}`)).body.messages;
}

const kannel = (address: string) =>
	`${address}/cgi-bin/sendsms?username=sotto&password=s%26cret&to={to}&text={text}&charset=utf-8&coding=2`;

test('a text message goes to a gateway like Kannel, with the notice and a link without fragment', async () => {
	local = await localPractice({ env: { SMS_URL: kannel(gateway.address) } });
	const { id, place, sealed } = await invite({ recorded: true });
	const [received] = gateway.received;
	expect(received).toMatchObject({ method: 'GET', path: '/cgi-bin/sendsms', body: '' });
	const { query } = received ?? { query: new URLSearchParams() };
	expect(query.get('to')).toBe(mobile);
	expect(query.get('password')).toBe('s&cret');
	const text = query.get('text') ?? '';
	expect(text).toContain(`${local.address}/j/${place}`);
	expect(text).not.toContain('#');
	expect(text).not.toContain(sealed.slice(0, 20));
	expect(text).toContain('This session will be recorded.');
	for (const word of [notice.practice, notice.host, notice.purpose, notice.openers])
		expect(text).toContain(word);
	expect(text).toContain('a recording station of Riverside Therapy');
	expect(text).toContain('no date is set');
	expect(await messages(id)).toMatchObject([{ way: 'text', state: 'sent', error: null }]);
	expect(local.log()).not.toContain('s%26cret');
});

test('a gateway like that of Twilio gets a form and a password', async () => {
	const account = gateway.address.replace('//', '//AC1:t%40ken@');
	local = await localPractice({
		env: {
			SMS_URL: `${account}/2010-04-01/Accounts/AC1/Messages.json`,
			SMS_BODY: 'To={to}&From=%2B15550100&Body={text}',
		},
	});
	await invite({ recorded: true });
	const [received] = gateway.received;
	expect(received).toMatchObject({ method: 'POST', type: 'application/x-www-form-urlencoded' });
	expect(received?.authorization).toBe(`Basic ${btoa('AC1:t@ken')}`);
	const form = new URLSearchParams(received?.body);
	expect(form.get('To')).toBe(mobile);
	expect(form.get('From')).toBe('+15550100');
	expect(form.get('Body')).toContain(notice.purpose);
});

test('a body that is JSON stays JSON, whatever the words are', async () => {
	local = await localPractice({
		env: { SMS_URL: `${gateway.address}/send`, SMS_BODY: '{"to":"{to}","text":"{text}"}' },
	});
	await invite({ recorded: true });
	const body: unknown = JSON.parse(gateway.received[0]?.body ?? '');
	expect(body).toMatchObject({ to: mobile, text: expect.stringContaining(notice.purpose) });
});

test('a gateway that says no, or is busy, or breaks: failed, tried again, never twice', async () => {
	local = await localPractice({ env: { SMS_URL: kannel(gateway.address) } });
	gateway.status = 400;
	const refused = await invite();
	expect(await messages(refused.id)).toMatchObject([{ state: 'failed', error: 'refused' }]);
	gateway.status = 503;
	const busy = await invite();
	expect(await messages(busy.id)).toMatchObject([{ state: 'waiting', error: 'refused' }]);
	gateway.status = 500;
	const broken = await invite();
	expect(await messages(broken.id)).toMatchObject([{ state: 'failed', error: 'interrupted' }]);
	gateway.status = 202;
	gateway.received.length = 0;
	local.clock.forward(60_000);
	await run();
	expect(await messages(busy.id)).toMatchObject([{ state: 'sent', tries: 2 }]);
	expect(gateway.received).toHaveLength(1);
});

test('without mail and text everything is held, and the outbox shows it', async () => {
	local = await localPractice();
	const { id, place } = await invite({ recorded: true });
	expect(await messages(id)).toMatchObject([{ kind: 'invitation', state: 'held' }]);
	const { status, body } = await local.maya.call('GET', '/api/outbox');
	expect(status).toBe(200);
	expect(body).toMatchObject({
		mail: false,
		text: false,
		messages: [{ session: id, place, way: 'text', to: mobile, subject: null, calendar: null }],
	});
	expect(body.messages[0].body).toContain('This session will be recorded.');
	await local.maya.call('POST', `/api/sessions/${id}/cancel`);
	await run();
	const after = await local.maya.call('GET', '/api/outbox');
	expect(after.body.messages).toMatchObject([{ kind: 'cancellation', to: null }]);
	local.clock.forward(4 * day);
	await local.maya.unlock();
	await run();
	expect((await local.maya.call('GET', '/api/outbox')).body.messages).toEqual([]);
	expect(gateway.received).toEqual([]);
});

test('contacts that are none, of another session, or twice are refused', async () => {
	local = await localPractice();
	const { id, place } = await invite();
	const other = await invite();
	const good = {
		place,
		email: 'a@b.example',
		mobile: null,
		language: 'en',
		timeZone: 'Europe/Berlin',
		remindBefore: [],
		from: 'practice',
	};
	const bad: object[][] = [
		[{ ...good, email: 'nobody' }],
		[{ ...good, email: 'a@b.example\r\nBcc: c@d.example' }],
		[{ ...good, mobile: '+1 555&to=1' }],
		[{ ...good, timeZone: 'Mars/Olympus' }],
		[{ ...good, name: 'Dana' }],
		[{ ...good, place: other.place }],
		[good, good],
	];
	for (const contacts of bad) {
		const answer = await local.maya.call('PUT', `/api/sessions/${id}/contacts`, { contacts });
		expect(answer).toMatchObject({ status: 400, body: { error: 'bad-request' } });
	}
	const unknown = `/api/sessions/${id}/places/${other.place}/remind`;
	expect((await local.maya.call('POST', unknown)).status).toBe(404);
	const missing = await local.maya.call('PUT', `/api/sessions/${newId()}/contacts`, {
		contacts: [],
	});
	expect(missing.status).toBe(404);
});

test('there is an end to what one session sends', async () => {
	local = await localPractice();
	const { id, place } = await invite();
	const path = `/api/sessions/${id}/places/${place}/remind`;
	const { store } = local.server.context;
	const row = await store.selectFrom('post').selectAll().executeTakeFirstOrThrow();
	const rows = Array.from({ length: 299 }, () => ({ ...row, id: newId() }));
	for (let at = 0; at < rows.length; at += 60)
		await store
			.insertInto('post')
			.values(rows.slice(at, at + 60))
			.execute();
	expect(await local.maya.call('POST', path)).toMatchObject({
		status: 413,
		body: { error: 'over-limit' },
	});
	// Whoever was invited is told all the same that it is off.
	expect((await local.maya.call('POST', `/api/sessions/${id}/cancel`)).status).toBeLessThan(300);
	await run();
	expect(await messages(id)).toMatchObject([{ kind: 'cancellation' }]);
});
