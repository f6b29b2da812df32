import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Mailbox, openMailbox, type Stage } from '../post.ts';
import { startServer, type TestServer } from '../server.ts';
import { signUp, type Staff } from '../staff.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let mailbox: Mailbox;
let server: TestServer;
let maya: Staff;

beforeAll(async () => {
	mailbox = await openMailbox();
	server = await startServer({
		env: { SMTP_URL: mailbox.url, MAIL_FROM: 'visits@riverside.example' },
	});
	maya = await signUp(server.address, server.setupUrl);
});
afterAll(async () => {
	await server.stop();
	await mailbox.close();
});

async function invite(email: string): Promise<string> {
	const { id, places } = await maya.session({ startsAt: Date.now() + 2 * 24 * 60 * 60_000 });
	const contact = {
		place: places[0],
		email,
		mobile: null,
		language: 'en',
		timeZone: 'Europe/Berlin',
		remindBefore: [],
		from: 'practice',
	};
	const path = `/api/sessions/${id}/contacts`;
	expect((await maya.call('PUT', path, { contacts: [contact] })).status).toBe(204);
	return id;
}

const sentTo = (email: string) => mailbox.received.filter(({ to }) => to[0] === email).length;
const messages = async (id: string) =>
	(await maya.call('GET', `/api/post?session=${id}`)).body.messages;
/** Long enough for several rounds of the queue. */
const rounds = () => new Promise((resolve) => setTimeout(resolve, 3500));

test('kill -9 between sending and noting: not sent again, and said so', async () => {
	const email = 'dana@patients.example';
	const taken = new Promise<void>((resolve) => {
		mailbox.ontaken = async () => {
			await server.kill('SIGKILL');
			resolve();
		};
	});
	const id = await invite(email);
	await taken;
	mailbox.ontaken = () => Promise.resolve();
	await server.restart();
	await rounds();
	expect(sentTo(email)).toBe(1);
	expect(await messages(id)).toMatchObject([{ state: 'failed', error: 'interrupted' }]);
});

test('kill -9 at any point before the mail was handed over: at most once, and no word of it is lost', async () => {
	const stages: readonly Stage[] = ['greeting', 'from', 'to', 'data'];
	const sent = new Map<string, string>();
	for (const stage of stages) {
		const email = `${stage}@patients.example`;
		const killed = new Promise<void>((resolve) => {
			mailbox.onstage = async (reached) => {
				if (reached !== stage) return;
				mailbox.onstage = () => Promise.resolve();
				await server.kill('SIGKILL');
				resolve();
			};
		});
		sent.set(email, await invite(email));
		await killed;
		await server.restart();
	}
	await rounds();
	for (const [email, id] of sent) {
		// Nobody knows at the restart how far it came, so it is not tried again but said.
		expect(await messages(id)).toMatchObject([{ state: 'failed', error: 'interrupted', tries: 1 }]);
		expect(sentTo(email)).toBeLessThanOrEqual(1);
	}
});

test('kill -9 after sending: not sent again', async () => {
	const email = 'lea@patients.example';
	const id = await invite(email);
	await vi.waitFor(async () => expect(await messages(id)).toMatchObject([{ state: 'sent' }]), {
		timeout: 15_000,
	});
	await server.kill('SIGKILL');
	await server.restart();
	await rounds();
	expect(sentTo(email)).toBe(1);
});

test('kill -9 before sending: sent once after the restart', async () => {
	const { port } = mailbox;
	await mailbox.close();
	const email = 'tom@patients.example';
	const id = await invite(email);
	await vi.waitFor(
		async () => expect(await messages(id)).toMatchObject([{ error: 'unreachable' }]),
		{ timeout: 15_000 },
	);
	await server.kill('SIGKILL');
	mailbox = await openMailbox({ port });
	// The next try is due a minute later.
	await server.restart({ CLOCK_OFFSET_MS: `${2 * 60_000}` });
	await vi.waitFor(() => expect(sentTo(email)).toBe(1), { timeout: 15_000 });
	await rounds();
	expect(sentTo(email)).toBe(1);
	expect(await messages(id)).toMatchObject([{ state: 'sent', tries: 2 }]);
});
