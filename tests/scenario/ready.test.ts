import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LocalServer, localPractice } from '../local.ts';
import { type Mailbox, openMailbox } from '../post.ts';
import { startRecording } from '../recorder.ts';
import type { Staff } from '../staff.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let mailbox: Mailbox;
let local: LocalServer & { maya: Staff };

beforeEach(async () => {
	mailbox = await openMailbox();
	local = await localPractice({
		env: { SMTP_URL: mailbox.url, MAIL_FROM: 'visits@riverside.example' },
	});
});
afterEach(async () => {
	await local.stop();
	await mailbox.close();
});

async function finish(): Promise<string> {
	const recorder = await startRecording(local.maya);
	const done = { recovered: false, keep: [], remove: [] };
	expect((await recorder.call('POST', `/${recorder.id}/finish`, done)).status).toBe(204);
	await local.server.context.ready.run();
	return recorder.id;
}

test('nobody is told who did not ask for it', async () => {
	expect((await local.maya.call('GET', '/api/account/wishes')).body).toEqual({ ready: false });
	await finish();
	expect(mailbox.received).toEqual([]);
});

test('who wants it is told once, without a name, an id or a key', async () => {
	await local.maya.call('PUT', '/api/account/wishes', { ready: true });
	expect((await local.maya.call('GET', '/api/account/wishes')).body).toEqual({ ready: true });
	const id = await finish();
	await local.server.context.ready.run();
	const [mail, ...more] = mailbox.received;
	if (!mail) throw new Error('no mail');
	expect(more).toEqual([]);
	expect(mail.to).toEqual([local.maya.email]);
	const text = `${mail.mail.subject}\n${mail.mail.text}`;
	expect(text).toContain('/recordings');
	for (const secret of [id, '#', 'Okafor']) expect(text).not.toContain(secret);
	expect(await local.server.context.store.selectFrom('ready_mail').selectAll().execute()).toEqual(
		[],
	);
});

test('a mail server that is away is tried again later, and a deleted recording is told of to nobody', async () => {
	await local.maya.call('PUT', '/api/account/wishes', { ready: true });
	await mailbox.close();
	const id = await finish();
	const rows = () => local.server.context.store.selectFrom('ready_mail').selectAll().execute();
	expect(await rows()).toMatchObject([{ recording: id, state: 'waiting', tries: 1 }]);
	await local.maya.call('DELETE', `/api/recordings/${id}`);
	expect(await rows()).toEqual([]);
	const { body } = await local.maya.call('GET', `/api/recordings/${id}/receipt`);
	expect(body.destroyed).toMatchObject({ messages: 1 });
});
