import * as v from 'valibot';
import { expect, test, vi } from 'vitest';
import { random } from '#crypto/bytes.ts';
import { SharesAsking } from '#protocol/shares.ts';
import { type App, join as joined } from '../app.ts';
import { minute, record, refusal, sharing } from '../sharing.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// What whoever shares is told: what cannot be sent, who waits, and what was opened.
const here = sharing();

test('a server that sends no text messages says so before anybody fills in a form', async () => {
	const { config } = here.local.server.context;
	const { text } = config;
	const told = async () => (await here.sharer.fetchShares(await here.opened())).texts;
	expect(await told()).toBe(true);
	Object.assign(config, { text: undefined });
	try {
		expect(await told()).toBe(false);
		expect(await refusal(here.share())).toBe('not-ready');
	} finally {
		Object.assign(config, { text });
	}
});

test('the sharer hears of a device that asks, wherever she is, and nobody else does', async () => {
	const asking = async (app: App) => {
		const told = await app.request({ path: '/api/shares/asking' });
		return v.parse(SharesAsking, await told.json()).asking;
	};
	const [made, words] = [await here.share({ way: 'device' }), await here.share()];
	await here.proven(words.id);
	const before = (await asking(here.maya)).length;
	const visit = await here.proven(made.id);
	await visit.askWithDevice();
	expect((await asking(here.maya)).length).toBe(before + 1);
	expect((await asking(here.maya)).at(-1)).toMatchObject({
		share: made.id,
		recording: here.recorded.id,
	});
	const opened = await here.opened();
	await here.sharer.approveDevice(opened, await here.shown(made.id), { compared: true });
	expect((await asking(here.maya)).length).toBe(before);
	const other = await here.share({ way: 'device' });
	await (await here.proven(other.id)).askWithDevice();
	const ines = await joined(here.maya, { email: 'ines@alderstreet.example', role: 'clinician' });
	expect(await asking(ines.app)).toEqual([]);
	await here.sharer.endShare(other.id);
	expect((await asking(here.maya)).map(({ share }) => share)).not.toContain(other.id);
});

test('a mail that is under way while its share or recording goes is neither sent again nor a failure', async () => {
	const { mailbox } = here;
	const before = mailbox.received.length;
	const taken = Promise.withResolvers<void>();
	const arrived = Promise.withResolvers<void>();
	mailbox.ontaken = async () => {
		arrived.resolve();
		await taken.promise;
		throw new Error('later');
	};
	const kept = here.recorded;
	here.recorded = await record(here.device);
	const logged = here.local.log().length;
	await here.share();
	await arrived.promise;
	await here.maya.deleteRecording(here.recorded.id);
	taken.resolve();
	await here.work();
	mailbox.ontaken = () => Promise.resolve();
	here.local.clock.forward(5 * 60_000);
	await here.work();
	expect(mailbox.received.length).toBe(before);
	expect(here.local.log().slice(logged)).not.toContain('"event":"failure"');
	here.recorded = kept;
});

test('who opens it again and again fills no history', async () => {
	await here.allow({ mail: true, links: true });
	const { store } = here.local.server.context;
	const made = await here.share({ way: 'link' });
	const visit = await here.proven(made.id);
	const secret = here.visits.secretIn(new URL(made.fullLink ?? '').hash) ?? random(16);
	const written = async () =>
		(await store.selectFrom('history').select('n').where('about', '=', made.id).execute()).length;
	const before = await written();
	for (let n = 0; n < 5; n++) await visit.openWithLink(secret);
	expect((await written()) - before).toBe(1);
	// One a minute: a hundred stand there, then one an hour.
	for (let n = 1; n < 110; n++) {
		here.local.clock.forward(minute);
		await visit.openWithLink(secret);
	}
	expect((await written()) - before).toBe(100);
	for (let n = 0; n < 2; n++) {
		await here.pass(26 * minute);
		await visit.openWithLink(secret);
	}
	expect((await written()) - before).toBe(101);
	expect((await here.shown(made.id)).openings).toBe(112);
	await here.allow({ mail: true, links: false });
});
