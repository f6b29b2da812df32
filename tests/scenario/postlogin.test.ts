import { networkInterfaces } from 'node:os';
import { afterEach, expect, test, vi } from 'vitest';
import { type LocalServer, localPractice } from '../local.ts';
import { type Mailbox, openMailbox } from '../post.ts';
import type { Staff } from '../staff.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let mailbox: Mailbox;
let local: LocalServer & { maya: Staff };

afterEach(async () => {
	await local.stop();
	await mailbox.close();
});

async function invite(url: string) {
	const env = { SMTP_URL: url, MAIL_FROM: 'visits@riverside.example' };
	local = await localPractice({ env });
	const { maya, clock, server } = local;
	const startsAt = clock.now() + 2 * 24 * 60 * 60_000;
	const { id, places } = await maya.session({ startsAt });
	const contact = {
		place: places[0],
		email: 'dana@patients.example',
		mobile: null,
		language: 'en',
		timeZone: 'Europe/Berlin',
		remindBefore: [],
		from: 'practice',
	};
	await maya.call('PUT', `/api/sessions/${id}/contacts`, { contacts: [contact] });
	await server.context.post.run();
	return (await maya.call('GET', `/api/post?session=${id}`)).body.messages;
}

test('name and password of the address open the mail server', async () => {
	mailbox = await openMailbox({ user: 'sotto' });
	expect(await invite(mailbox.url)).toMatchObject([{ state: 'sent' }]);
	expect(mailbox.received).toHaveLength(1);
});

test('a wrong password is said as such, tried again, and in no log', async () => {
	mailbox = await openMailbox({ user: 'sotto' });
	const messages = await invite(mailbox.url.replace('p%40ss', 'wr0ng-secret'));
	expect(messages).toMatchObject([{ state: 'waiting', error: 'login' }]);
	expect(mailbox.received).toEqual([]);
	expect(local.log()).not.toContain('wr0ng-secret');
});

const outside = Object.values(networkInterfaces())
	.flatMap((addresses) => addresses ?? [])
	.find(({ family, internal }) => family === 'IPv4' && !internal);

test.runIf(outside)('to another machine nothing goes in clear', async () => {
	mailbox = await openMailbox({ host: '0.0.0.0' });
	const messages = await invite(mailbox.url.replace('127.0.0.1', outside?.address ?? ''));
	expect(messages).toMatchObject([{ state: 'waiting', error: 'unreachable' }]);
	expect(mailbox.received).toEqual([]);
});
