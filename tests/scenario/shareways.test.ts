import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { registrationStart } from '#crypto/account/opaque.ts';
import { random, toBase64url } from '#crypto/bytes.ts';
import { generateParticipantIdentity } from '#crypto/identity/identity.ts';
import { sealToDevice } from '#crypto/share/device.ts';
import { type App, join as joined } from '../app.ts';
import { films, memoryShelf, record, refusal, sharing, watch } from '../sharing.ts';
import { call } from '../wire.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// The other two ways: a key that only one browser has, and a link that is the key.
const here = sharing();

const answers = globalThis.fetch;

/** Runs `call` while the server's answers to this path are changed on the way. */
async function altering<T>(
	end: string,
	change: (body: Record<string, unknown>) => object,
	run: () => Promise<T>,
): Promise<T> {
	const stubbed = globalThis.fetch;
	vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
		const response = await stubbed(url, init);
		if (!url.endsWith(end) || !response.ok) return response;
		return Response.json(change(await response.json()));
	});
	try {
		return await run();
	} finally {
		vi.stubGlobal('fetch', stubbed);
	}
}

test('one browser has the key: the digits are the same, the sharer approves, and only it opens', async () => {
	const made = await here.share({ way: 'device' });
	expect([made.words, made.fullLink]).toEqual([null, null]);
	const shelf = memoryShelf();
	const visit = await here.proven(made.id, shelf);
	const asked = await visit.askWithDevice();
	expect(asked.approved).toBe(false);
	expect(await visit.deviceState()).toBe('waiting');
	expect(await refusal(visit.openWithDevice())).toBe('not-ready');
	const share = await here.shown(made.id);
	expect(await here.sharer.digitsOf(share)).toBe(asked.digits);
	await here.sharer.approveDevice(await here.opened(), share, { compared: true });
	// What she did is signed by her.
	const done = await here.local.server.context.store
		.selectFrom('history')
		.select(['act', 'signed'])
		.where('about', '=', made.id)
		.where('signed', 'is not', null)
		.execute();
	expect(done.map(({ act }) => act)).toEqual(['shared', 'share-approved']);
	expect(await visit.deviceState()).toBe('approved');
	const opened = await visit.openWithDevice();
	expect(opened.people.map(({ name }) => name)).toEqual(['Dana Whitfield']);
	// The sharer's own word, which the recipient's page shows too.
	expect(opened.checked).toBe('Rosa Whitfield');
	const token = () => visit.token();
	const seen = await watch({ opened, token, name: 'Dana Whitfield' });
	expect(Buffer.from(films['Dana Whitfield']).equals(seen)).toBe(true);
	const shown = await here.shown(made.id);
	expect([shown.device?.approved, shown.device?.compared, shown.openings]).toEqual([true, true, 1]);

	// The same browser comes back another day: a code, and no digits any more.
	const again = await here.proven(made.id, shelf);
	expect((await again.askWithDevice()).approved).toBe(true);
	await again.openWithDevice();
	// Another browser has the code and the phone, and gets nothing.
	const other = await here.proven(made.id);
	expect(await refusal(other.askWithDevice())).toBe('conflict');
	expect(await refusal(other.openWithDevice())).toBe('no-key');
	const path = `/api/shares/${made.id}/open`;
	const answer = await call(here.local.address, 'POST', path, {
		token: await other.token(),
		body: {},
	});
	expect(answer.body.error).toBe('not-ready');
	await visit.forget();
	expect(await refusal(visit.token())).toBe('token');
});

test('a newer browser takes the place of one that waits, and one that was refused is told', async () => {
	const made = await here.share({ way: 'device' });
	const first = await here.proven(made.id);
	await first.askWithDevice();
	const stale = await here.shown(made.id);
	const second = await here.proven(made.id);
	const { digits } = await second.askWithDevice();
	expect(await first.deviceState()).toBe('refused');
	// What the sharer compared was another one.
	const late = here.sharer.approveDevice(await here.opened(), stale, { compared: true });
	expect(await refusal(late)).toBe('conflict');
	expect(await here.sharer.digitsOf(await here.shown(made.id))).toBe(digits);
	await here.sharer.refuseDevice(made.id);
	expect(await second.deviceState()).toBe('refused');
	const third = await here.proven(made.id);
	await third.askWithDevice();
	await here.sharer.approveDevice(await here.opened(), await here.shown(made.id), {
		compared: false,
	});
	expect((await third.openWithDevice()).checked).toBe(null);
	expect((await here.shown(made.id)).device?.compared).toBe(false);
	await here.sharer.endShare(made.id);
	expect(await refusal(third.deviceState())).toBe('gone');
});

test('the browser that was in the session asks with the key that it had there, and is known by it', async () => {
	const dana = here.recorded.keys.get('Dana Whitfield');
	const browser = await generateParticipantIdentity();
	const signing = dana ?? browser.signing;
	const publicIdentity = { ...browser.publicIdentity, ed25519: signing.publicKey };
	const made = await here.share({ way: 'device' });
	const visit = await here.proven(made.id, memoryShelf({ ...browser, signing, publicIdentity }));
	await visit.askWithDevice();
	const opened = await here.opened();
	const share = await here.shown(made.id);
	expect(await here.sharer.metAs(opened, share)).toBe('Dana Whitfield');
	await here.sharer.approveDevice(opened, share, { compared: false });
	expect((await visit.openWithDevice()).people.length).toBe(1);
	// Another browser is nobody, and one that only says so has not signed it.
	const other = await here.share({ way: 'device' });
	await (await here.proven(other.id, memoryShelf(browser))).askWithDevice();
	const strange = await here.shown(other.id);
	expect(await here.sharer.metAs(opened, strange)).toBe(undefined);
	const said = {
		...strange,
		device: strange.device && {
			...strange.device,
			identity: share.device?.identity ?? strange.device.identity,
		},
	};
	expect(await refusal(here.sharer.metAs(opened, said))).toBe('bad-signature');
});

test('a server that puts a key of its own in between shows other digits, and what it seals is refused', async () => {
	const made = await here.share({ way: 'device' });
	const visit = await here.proven(made.id);
	const forger = await generateParticipantIdentity();
	const { digits } = await altering(
		'/key',
		(body) => ({
			...body,
			sharer: { id: here.maya.account.member.id, key: toBase64url(forger.publicIdentity.ed25519) },
		}),
		() => visit.askWithDevice(),
	);
	const share = await here.shown(made.id);
	expect(await here.sharer.digitsOf(share)).not.toBe(digits);
	// And towards the sharer: a device that is the server's own.
	const spy = await here.proven(made.id);
	await spy.askWithDevice();
	const swapped = await here.shown(made.id);
	expect(await here.sharer.digitsOf(swapped)).not.toBe(digits);
	// One whose signature is not its own is not even shown digits for.
	const { device } = swapped;
	const unsigned = {
		...swapped,
		device: device && { ...device, signature: toBase64url(random(64)) },
	};
	expect(await refusal(here.sharer.digitsOf(unsigned))).toBe('bad-signature');

	const honest = await here.share({ way: 'device' });
	const shelf = memoryShelf();
	const browser = await here.proven(honest.id, shelf);
	await browser.askWithDevice();
	await here.sharer.approveDevice(await here.opened(), await here.shown(honest.id), {
		compared: true,
	});
	const identity = await shelf.read(honest.id);
	const bytes = await sealToDevice({
		share: honest.id,
		recording: here.recorded.id,
		expiresAt: honest.expiresAt,
		device: identity?.publicIdentity ?? forger.publicIdentity,
		sharer: forger.signing,
		content: {
			v: 1,
			title: '',
			practice: '',
			startedAt: 0,
			durationMs: 0,
			people: [{ name: '', role: 'tab', startMs: 0, durationMs: 0, media: null }],
			gaps: [],
			checked: null,
			ending: 'complete',
			part2: null,
		},
	});
	const refused = await altering(
		'/open',
		(body) => ({ ...body, content: toBase64url(bytes) }),
		() => refusal(browser.openWithDevice()),
	);
	expect(refused).toBe('bad-signature');
});

test('a server that says that a share is of more people, or for longer, is refused', async () => {
	const made = await here.share({ way: 'device' });
	const visit = await here.proven(made.id);
	await visit.askWithDevice();
	const opened = await here.opened();
	const share = await here.shown(made.id);
	const other = here.recorded.tracks.get('Dr. Maya Okafor') ?? '';
	const another = await here.shown((await here.share({ way: 'device', people: ['0', '1'] })).id);
	for (const change of [
		{ tracks: [...share.tracks, other] },
		{ tracks: [other] },
		{ tracks: [] },
		{ expiresAt: share.expiresAt + 1 },
		{ recording: toBase64url(random(16)) },
		// What she sealed for another of her shares.
		{ tracks: another.tracks, own: another.own },
	]) {
		const said = { ...share, ...change };
		expect(await refusal(here.sharer.givenWith(opened, said))).not.toBe('granted');
		const approved = here.sharer.approveDevice(opened, said, { compared: true });
		expect(await refusal(approved)).toMatch(/^(?:bad-signature|open-failed)$/);
	}
	expect(await visit.deviceState()).toBe('waiting');
	expect(await here.sharer.givenWith(opened, share)).toEqual(['Dana Whitfield']);
	await here.sharer.approveDevice(opened, share, { compared: true });
	expect((await visit.openWithDevice()).people.length).toBe(1);
});

test('a full link is off until an admin signs it; then it opens, and the server mails nothing', async () => {
	expect(await refusal(here.share({ way: 'link' }))).toBe('forbidden');
	await here.allow({ mail: true, links: true });
	// Mail of shares before this one leaves first.
	await here.work();
	const mails = here.mailbox.received.length;
	const made = await here.share({ way: 'link', people: ['0', '1'] });
	const full = new URL(made.fullLink ?? '');
	expect(full.pathname).toBe(`/s/${made.id}`);
	const secret = here.visits.secretIn(full.hash);
	const visit = await here.proven(made.id);
	const opened = await visit.openWithLink(secret ?? random(16));
	expect(opened.people.length).toBe(2);
	const token = () => visit.token();
	for (const name of ['Dr. Maya Okafor', 'Dana Whitfield'] as const)
		expect(Buffer.from(films[name]).equals(await watch({ opened, token, name }))).toBe(true);
	expect(await refusal(visit.openWithLink(random(16)))).toBe('open-failed');
	await here.work();
	expect(here.mailbox.received.length).toBe(mails);
	const shown = await here.shown(made.id);
	expect(shown.mail).toBe('none');
	expect((await here.sharer.showAgain(shown)).fullLink).toBe(made.fullLink);
	for (const bad of ['', '#', '#abc', `${full.hash}x`, `#${'B'.repeat(22)}`])
		expect(here.visits.secretIn(bad)).toBe(undefined);
});

test.each(['%23', '%2523', '%252523', '%25252523'])(
	'a full link whose secret came to the server as %s is over',
	async (mark) => {
		await here.allow({ mail: true, links: true });
		const made = await here.share({ way: 'link' });
		const words = await here.share();
		const secret = (made.fullLink ?? '').split('#')[1] ?? '';
		const before = here.local.log();
		const spoilt = (id: string) => `${here.local.address}/s/${id}${mark}${secret}`;
		const answer = await answers(spoilt(made.id), { redirect: 'manual' });
		expect([answer.status, answer.headers.get('location')]).toEqual([303, `/s/${made.id}`]);
		expect((await here.visit(made.id).look()).state).toBe('exposed');
		expect(await refusal(here.visit(made.id).sendCode())).toBe('gone');
		expect((await here.shown(made.id)).state).toBe('exposed');
		const logged = here.local.log().slice(before.length);
		expect(logged).not.toContain(secret);
		expect(logged).not.toContain(made.id);
		// Nothing secret can be in the link of another way, and an unknown one is none.
		await answers(spoilt(words.id), { redirect: 'manual' });
		expect((await here.visit(words.id).look()).state).toBe('open');
		expect((await answers(spoilt(toBase64url(random(16))), { redirect: 'manual' })).status).toBe(
			303,
		);
	},
);

/** A share as a client posts it, without any key in it. */
const posted = (change: object) => ({
	id: toBase64url(random(16)),
	way: 'device',
	tracks: [here.recorded.tracks.get('Dana Whitfield')],
	expiresAt: here.local.clock.now() + 1000,
	contact: { email: 'rosa@family.example', mobile: '+15550147731' },
	about: 'AAAA',
	own: 'AAAA',
	record: null,
	content: null,
	...change,
});
const sharesPath = () => `/api/recordings/${here.recorded.id}/shares`;

/** How a member's app is answered. */
const asker =
	(app: App) => (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object) =>
		refusal(app.request({ method, path, ...(body && { body }) }));

test('a share is of this recording’s tracks, for so long as the practice allows, and once', async () => {
	const over = await refusal(here.share({ hours: 73 }));
	expect([over, await refusal(here.share({ hours: 0 }))]).toEqual(['bad-request', 'bad-request']);
	const path = sharesPath();
	const ask = asker(here.maya);
	const post = (change: object) => ask('POST', path, posted(change));
	const strange = (await record(here.device)).tracks.get('Dana Whitfield') ?? '';
	// A track of another recording, its manifest, none, one twice, and what does not fit the way.
	const [own] = posted({}).tracks;
	for (const tracks of [[strange], [here.recorded.id], [], [own, own]])
		expect(await post({ tracks })).toBe('bad-request');
	for (const change of [{ record: 'AAAA' }, { content: 'AAAA' }, { way: 'words' }, { way: 'link' }])
		expect(await post(change)).toBe('bad-request');
	const id = toBase64url(random(16));
	expect([await post({ id }), await post({ id })]).toEqual(['granted', 'conflict']);
	// An answer for a share that is there would be a try of its words that nobody counts.
	const { registrationRequest } = await registrationStart('abacus abdomen ability able abnormal');
	const begin = (share: string) => ask('POST', `${path}/start`, { share, registrationRequest });
	expect([await begin(toBase64url(random(16))), await begin(id)]).toEqual(['granted', 'conflict']);
});

test('it is shared by its host, and by supervisors who said why; nobody else can tell that it is there', async () => {
	const path = sharesPath();
	const give = async (to: string) =>
		here.maya.give(await here.maya.fetchRecording(here.recorded.id), to);
	const una = await joined(here.maya, { email: 'una@alderstreet.example', role: 'supervisor' });
	const send = asker(una.app);
	expect(await send('POST', path, posted({}))).toBe('not-found');
	await give(una.id);
	expect(await send('POST', path, posted({}))).toBe('forbidden');
	const opening = { id: toBase64url(random(16)), reason: toBase64url(random(60)) };
	await send('POST', `/api/recordings/${here.recorded.id}/opened`, { opening });
	expect(await send('POST', path, posted({}))).toBe('granted');

	const made = await here.share();
	const tom = await joined(here.maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	const ask = asker(tom.app);
	const approval = { device: toBase64url(random(32)), compared: true, content: 'AAAA' };
	for (const one of [made.id, toBase64url(random(16))]) {
		expect(await ask('DELETE', `/api/shares/${one}`)).toBe('not-found');
		expect(await ask('DELETE', `/api/shares/${one}/device`)).toBe('not-found');
		expect(await ask('PUT', `/api/shares/${one}/device`, approval)).toBe('not-found');
	}
	expect(await ask('GET', path)).toBe('not-found');
	// Whom it was granted to can open it, but let nobody else in.
	await give(tom.id);
	expect(await ask('GET', path)).toBe('forbidden');
	expect(await ask('POST', path, posted({}))).toBe('forbidden');
	expect(await ask('DELETE', `/api/shares/${made.id}`)).toBe('forbidden');
	expect((await here.visit(made.id).look()).state).toBe('open');
});

test('nothing is shared where an admin signed so, and what was is served to its end', async () => {
	const [made, device] = [await here.share(), await here.share({ way: 'device' })];
	const visit = await here.proven(device.id);
	await visit.askWithDevice();
	await here.allow({ mail: false, links: true });
	for (const way of ['words', 'device', 'link'] as const)
		expect(await refusal(here.share({ way }))).toBe('forbidden');
	const share = await here.shown(device.id);
	const approved = here.sharer.approveDevice(await here.opened(), share, { compared: true });
	expect(await refusal(approved)).toBe('forbidden');
	expect((await here.visit(made.id).look()).state).toBe('open');
	await here.sharer.endShare(made.id);
	await here.allow({ mail: true, links: false });
	expect(await refusal(here.share())).toBe('granted');
});

test('with the recording all its shares go, and their bytes are in no file', async () => {
	const { store } = here.local.server.context;
	const id = here.recorded.id;
	const made = await here.share();
	await (await here.proven(made.id)).openWithWords(made.words ?? '');
	const rows = await store.selectFrom('shares').selectAll().execute();
	const kept = rows.flatMap(({ content, about, own }) => [content, about, own]);
	await here.maya.deleteRecording(id);
	expect(await store.selectFrom('shares').selectAll().execute()).toEqual([]);
	expect(await store.selectFrom('share_openings').selectAll().execute()).toEqual([]);
	expect(await refusal(here.visit(made.id).look())).toBe('not-found');
	const data = await Promise.all(
		['sotto.db', 'sotto.db-wal'].map((name) => readFile(join(here.local.dataDir, name))),
	);
	for (const text of kept.flatMap((one) => one ?? []))
		expect(data.some((bytes) => bytes.includes(text))).toBe(false);
});
