import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { fingerprint } from '#crypto/identity/identity.ts';
import { makeBackup } from '../../signaling/backup/backup.ts';
import { restoreBackup } from '../../signaling/backup/restore.ts';
import { localServer } from '../local.ts';
import { films, hour, minute, refusal, sharing, watch } from '../sharing.ts';
import { call } from '../wire.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** What the server does by itself, it does every two seconds. */
const soon = { timeout: 20_000 };

// A recording is shown to somebody outside who has five words, and to nobody else.
const here = sharing();

const acts = async (share: string) => {
	const { maya, recorded } = here;
	const { rows } = await maya
		.request({ path: `/api/recordings/${recorded.id}/history` })
		.then((response) => response.json());
	return rows.flatMap((row: { act: string; about: string | null }) =>
		row.about === share ? [row.act] : [],
	);
};

const row = (id: string) =>
	here.local.server.context.store
		.selectFrom('shares')
		.selectAll()
		.where('id', '=', id)
		.executeTakeFirstOrThrow();

/** Whether any file of the server holds these bytes. */
async function found(text: string): Promise<string[]> {
	const { dataDir } = here.local;
	const files = await readdir(dataDir, { recursive: true, withFileTypes: true });
	const hits: string[] = [];
	for (const file of files.filter((one) => one.isFile()))
		if ((await readFile(join(file.parentPath, file.name))).includes(text)) hits.push(file.name);
	return hits;
}

test('the mail says where to go, and a scanner that opens its link changes nothing', async () => {
	const { mailbox, gateway, local } = here;
	const made = await here.share();
	await vi.waitFor(() => expect(mailbox.received.length).toBe(1), soon);
	const [{ mail, to, raw } = { mail: undefined, to: [], raw: Buffer.alloc(0) }] = mailbox.received;
	expect(to).toEqual(['rosa@family.example']);
	expect(mail?.text).toContain(`${local.address}/s/${made.id}\n`);
	expect(made.link).toBe(`${local.address}/s/${made.id}`);
	expect(raw.toString()).not.toContain('#');
	for (const word of made.words?.split(' ') ?? []) expect(mail?.text).not.toContain(word);
	expect(raw.toString()).not.toMatch(/Rosa|Dana|Maya/);
	await vi.waitFor(async () => expect((await row(made.id)).mail).toBe('sent'), soon);
	const before = await row(made.id);
	for (let n = 0; n < 20; n++) {
		await fetch(made.link);
		const face = await call(local.address, 'GET', `/api/shares/${made.id}`);
		expect(face.status).toBe(200);
		expect(face.body).toEqual({
			way: 'words',
			state: 'open',
			expiresAt: made.expiresAt,
			practice: 'Alder Street Counseling',
			sharer: 'Dr. Maya Okafor',
			sharerIdentity: toBase64url(await fingerprint(here.maya.account.identity.publicIdentity)),
			mobileEnd: '31',
			serverKey: local.server.context.opaque.publicKey,
		});
	}
	expect(await row(made.id)).toEqual(before);
	expect(gateway.received).toEqual([]);
	// It was sent, so nobody needs the address any more.
	expect(before.email).toBe(null);
	expect((await here.shown(made.id)).mail).toBe('sent');
});

test('code and five words open exactly the track that was chosen, and the sharer sees when', async () => {
	const made = await here.share();
	const visit = await here.proven(made.id);
	const opened = await visit.openWithWords(made.words?.toUpperCase().replaceAll(' ', '-') ?? '');
	expect(opened.people.map(({ name }) => name)).toEqual(['Dana Whitfield']);
	expect(JSON.stringify(opened)).not.toContain('Maya');
	const seen = await watch({ opened, token: () => visit.token(), name: 'Dana Whitfield' });
	expect(Buffer.from(films['Dana Whitfield']).equals(seen)).toBe(true);

	// Proved by keys: hers opens no other track, whoever gives out the bytes.
	const { recorded, device } = here;
	const dana = opened.people[0]?.media;
	const other = recorded.tracks.get('Dr. Maya Okafor') ?? '';
	const path = `/api/recordings/${recorded.id}/objects/${other}/0`;
	const bytes = new Uint8Array(await (await device.send('GET', path)).arrayBuffer());
	const { SealedMedia } = await import('#lib/play/sealed.ts');
	const tried = SealedMedia.open({
		key: dana?.offer.key ?? (await Promise.reject(new Error('no key'))),
		name: { recording: fromBase64url(recorded.id), track: fromBase64url(other), part: 0 },
		partBytes: bytes.length,
		source: async ({ from, to }) =>
			(async function* () {
				yield bytes.slice(from, to);
			})(),
	});
	expect(await refusal(tried)).toBe('open-failed');
	// And the server gives out the bytes of no other track.
	for (const track of [other, recorded.id]) {
		const asked = await call(
			here.local.address,
			'GET',
			`/api/shares/${made.id}/objects/${track}/0`,
			{
				token: await visit.token(),
				headers: { range: 'bytes=0-99' },
			},
		);
		expect([asked.status, asked.body.error]).toEqual([404, 'not-found']);
	}
	const whole = `/api/shares/${made.id}/objects/${dana?.track}/0`;
	const all = await call(here.local.address, 'GET', whole, { token: await visit.token() });
	expect(all.status).toBe(400);
	// One answer with everything would be read on after the share is over.
	for (const range of ['x', 'bytes=0-1,2-3', 'bytes=5-1']) {
		const asked = await call(here.local.address, 'GET', whole, {
			token: await visit.token(),
			headers: { range },
		});
		expect([range, asked.status]).toEqual([range, 400]);
	}
	await here.pass(minute);
	await visit.openWithWords(made.words ?? '');
	const shown = await here.shown(made.id);
	expect([shown.openings, shown.openedAt.length, shown.wordsWrong]).toEqual([2, 2, 0]);
	expect(shown.for).toEqual({
		name: 'Rosa Whitfield',
		email: 'rosa@family.example',
		mobile: '+15550147731',
		people: ['Dana Whitfield'],
	});
	expect((await here.sharer.showAgain(shown)).words).toBe(made.words);
	expect(await acts(made.id)).toEqual([
		'shared',
		'share-code-sent',
		'share-code-right',
		'share-opened',
		'share-opened',
	]);
});

test('a token is for its own share, and is worth nothing before the words', async () => {
	const { address } = here.local;
	const [first, second] = [await here.share(), await here.share()];
	const visit = await here.proven(first.id);
	const token = await visit.token();
	const track = here.recorded.tracks.get('Dana Whitfield') ?? '';
	const ask = (share: string, with_: string | undefined) =>
		call(address, 'GET', `/api/shares/${share}/objects/${track}/0`, {
			...(with_ !== undefined && { token: with_ }),
			headers: { range: 'bytes=0-99' },
		});
	expect((await ask(first.id, token)).body.error).toBe('not-ready');
	expect((await ask(second.id, token)).body.error).toBe('token');
	expect((await ask(first.id, undefined)).body.error).toBe('token');
	const staff = await here.device.token();
	expect((await ask(first.id, staff)).body.error).toBe('token');
	const open = await call(address, 'POST', `/api/shares/${first.id}/open`, { token, body: {} });
	expect(open.body.error).toBe('conflict');
	// And it opens nothing of the practice.
	const api = await call(address, 'GET', `/api/recordings/${here.recorded.id}`, { token });
	expect(api.body.error).toBe('token');
	await visit.openWithWords(first.words ?? '');
	expect((await ask(first.id, token)).status).toBe(206);
	await here.pass(29 * minute);
	expect((await ask(first.id, token)).status).toBe(206);
	await here.pass(31 * minute);
	expect((await ask(first.id, token)).body.error).toBe('token');
});

test('a code is six digits for five minutes and five tries, and so many an hour', async () => {
	const { gateway } = here;
	const made = await here.share();
	const visit = here.visit(made.id);
	expect(await refusal(visit.checkCode('000000'))).toBe('not-ready');
	expect(await visit.sendCode()).toBe(5 * minute);
	const text = gateway.received.at(-1)?.query;
	expect(text?.get('to')).toBe('+15550147731');
	expect(text?.get('text')).not.toContain(made.id);
	const { code } = here;
	const wrong = code === '123456' ? '654321' : '123456';
	const lefts = [];
	for (let n = 0; n < 5; n++)
		lefts.push(await visit.checkCode(wrong).catch((error: { next?: number }) => error.next));
	expect(lefts).toEqual([4, 3, 2, 1, 0]);
	expect(await refusal(visit.checkCode(code))).toBe('not-ready');
	await visit.sendCode();
	const old = here.code;
	await here.pass(5 * minute);
	expect(await refusal(visit.checkCode(old))).toBe('not-ready');
	await visit.sendCode();
	const before = here.code;
	await visit.sendCode();
	// A newer one takes its place.
	expect(before === here.code ? 'login-failed' : await refusal(visit.checkCode(before))).toBe(
		'login-failed',
	);
	await visit.checkCode(here.code);
	expect(await refusal(visit.checkCode(here.code))).toBe('not-ready');
	await visit.sendCode();
	expect(await refusal(visit.sendCode())).toBe('too-many-tries');
	// Another share is another phone.
	expect(await refusal(here.visit((await here.share()).id).sendCode())).toBe('granted');
	await here.pass(hour);
	await visit.sendCode();
	gateway.status = 500;
	expect(await refusal(visit.sendCode())).toBe('not-ready');
	gateway.status = 202;
	// All that there are: no time to wait makes another, and the sharer's list says how many went out.
	const { store } = here.local.server.context;
	await store.updateTable('shares').set({ codes: 30 }).where('id', '=', made.id).execute();
	await here.pass(hour);
	const refused = await visit.sendCode().catch((error: { code: string; next?: number }) => error);
	expect(refused).toMatchObject({ code: 'too-many-tries' });
	expect(refused).toHaveProperty('next', undefined);
	expect((await here.shown(made.id)).codesSent).toBe(30);
});

test('after ten wrong tries it is locked, for the right words too, and the sharer sees it', async () => {
	const { wordList } = await import('#crypto/share/words.ts');
	const made = await here.share();
	const visit = await here.proven(made.id);
	const [first = '', ...rest] = await wordList();
	const four = made.words?.split(' ').slice(1) ?? [];
	const bad = (n: number) =>
		[made.words?.startsWith(`${rest[n]} `) ? first : rest[n], ...four].join(' ');
	// What is no five words of the list is no try.
	expect(await refusal(visit.openWithWords('open sesame'))).toBe('wrong-password');
	expect((await row(made.id)).words_tries).toBe(0);
	for (let n = 0; n < 3; n++)
		expect(await refusal(visit.openWithWords(bad(n)))).toBe('login-failed');
	expect((await here.shown(made.id)).wordsWrong).toBe(3);
	// The right ones begin the count anew.
	await visit.openWithWords(made.words ?? '');
	// A try counts when it is begun: whoever breaks off has used it up.
	const { loginStart } = await import('#crypto/account/opaque.ts');
	for (let n = 0; n < 5; n++) {
		const { startLoginRequest } = await loginStart(bad(n));
		const token = await visit.token();
		const path = `/api/shares/${made.id}/words`;
		await call(here.local.address, 'POST', path, { token, body: { startLoginRequest } });
	}
	const told = [];
	for (let n = 0; n < 5; n++)
		told.push(
			await visit
				.openWithWords(bad(n))
				.catch((error: { code: string; next?: number }) => [error.code, error.next]),
		);
	expect(told).toEqual([
		['login-failed', 4],
		['login-failed', 3],
		['login-failed', 2],
		['login-failed', 1],
		['gone', undefined],
	]);
	expect(await refusal(visit.openWithWords(made.words ?? ''))).toBe('gone');
	expect(await refusal(here.visit(made.id).sendCode())).toBe('gone');
	const shown = await here.shown(made.id);
	expect([shown.state, shown.own]).toEqual(['locked', null]);
	expect(await row(made.id)).toMatchObject({
		content: null,
		record: null,
		mobile: null,
		own: null,
	});
	expect((await acts(made.id)).filter((act: string) => act === 'share-words-wrong').length).toBe(8);
});

test('one that was ended opens nothing, with the old link, the words and all bytes from before', async () => {
	const made = await here.share();
	const visit = await here.proven(made.id);
	const opened = await visit.openWithWords(made.words ?? '');
	const token = await visit.token();
	const late = await here.proven(made.id);
	const { content, record: kept } = await row(made.id);
	await here.sharer.endShare(made.id);
	await here.sharer.endShare(made.id);
	const track = opened.people[0]?.media?.track;
	const asked = await call(here.local.address, 'GET', `/api/shares/${made.id}/objects/${track}/0`, {
		token,
		headers: { range: 'bytes=0-99' },
	});
	expect([asked.status, asked.body.error]).toEqual([410, 'gone']);
	expect(await refusal(late.openWithWords(made.words ?? ''))).toBe('gone');
	expect(await refusal(here.visit(made.id).sendCode())).toBe('gone');
	expect((await here.visit(made.id).look()).state).toBe('ended');
	// Somebody kept what is sealed: the words alone are no key of it, and what made them one is gone.
	const { openContent } = await import('#crypto/share/content.ts');
	const { recording, expiresAt } = opened;
	const place = { share: made.id, recording, expiresAt, way: 'words' as const };
	const secret = new Uint8Array(64);
	secret.set(new TextEncoder().encode(made.words ?? ''));
	const sealed = fromBase64url(content ?? '');
	expect(await refusal(openContent({ ...place, secret, sealed }))).toBe('open-failed');
	for (const text of [content, kept]) expect(await found(text ?? '?')).toEqual([]);
	expect(await acts(made.id)).toContain('share-ended');
	expect((await here.shown(made.id)).state).toBe('ended');
});

test('when its time is over nothing is served at once, and soon nothing is left to serve', async () => {
	const made = await here.share({ hours: 1, mobile: '+15550199001' });
	const visit = await here.proven(made.id);
	await visit.openWithWords(made.words ?? '');
	const { content, record: kept, own } = await row(made.id);
	await here.pass(40 * minute);
	const watcher = await here.proven(made.id);
	// As long as nobody has come by to erase it.
	const { shares } = here.local.server.context;
	await here.work();
	const swept = vi.spyOn(shares, 'run').mockResolvedValue();
	await here.pass(20 * minute);
	expect(await refusal(watcher.openWithWords(made.words ?? ''))).toBe('gone');
	expect((await here.visit(made.id).look()).state).toBe('expired');
	expect(await refusal(here.visit(made.id).sendCode())).toBe('gone');
	// It is over, and nobody says yet that it is erased.
	const over = await here.shown(made.id);
	expect([over.state, over.endedAt]).toEqual(['expired', null]);
	expect((await row(made.id)).state).toBe('open');
	swept.mockRestore();
	await vi.waitFor(async () => expect((await row(made.id)).state).toBe('expired'), soon);
	await here.work();
	for (const text of [content, kept, own, '+15550199001'])
		expect(await found(text ?? '?')).toEqual([]);
	expect((await here.visit(made.id).look()).mobileEnd).toBe(null);
	expect((await acts(made.id)).at(-1)).toBe('share-expired');
	const shown = await here.shown(made.id);
	expect([shown.state, shown.own, shown.for?.name]).toEqual(['expired', null, 'Rosa Whitfield']);
	expect(shown.endedAt).toBeGreaterThanOrEqual(made.expiresAt);
	expect(await refusal(here.sharer.showAgain(shown))).toBe('not-a-recipient');
});

test('what runs out while the server is away is erased when it starts', async () => {
	const { local } = here;
	const made = await here.share({ hours: 2 });
	const kept = await here.share({ hours: 20 });
	const { content } = await row(made.id);
	const { dataDir, clock } = local;
	await vi.waitFor(async () => expect((await row(kept.id)).mail).toBe('sent'), soon);
	await local.close();
	clock.forward(3 * hour);
	const { port } = new URL(local.address);
	here.local = await localServer({
		dataDir,
		clock,
		env: {
			PORT: port,
			SMTP_URL: here.mailbox.url,
			MAIL_FROM: 'visits@alderstreet.example',
			SMS_URL: `${here.gateway.address}/send?to={to}&text={text}`,
		},
	});
	expect((await row(made.id)).state).toBe('expired');
	expect(await found(content ?? '?')).toEqual([]);
	const visit = await here.proven(kept.id);
	const opened = await visit.openWithWords(kept.words ?? '');
	expect(opened.people.length).toBe(1);
});

test('a backup that has it open brings no share back to life', async () => {
	await here.pass(0);
	const made = await here.share();
	const { dataDir, clock } = here.local;
	const folder = await mkdtemp(join(tmpdir(), 'sotto-backup-'));
	const restored = await mkdtemp(join(tmpdir(), 'sotto-restored-'));
	await makeBackup({ dataDir, folder, now: clock.now() });
	const { content } = await row(made.id);
	await here.sharer.endShare(made.id);
	await restoreBackup({ folder, dataDir: restored, tombstones: undefined });
	const again = await localServer({ dataDir: restored, clock });
	const kept = await again.server.context.store
		.selectFrom('shares')
		.select(['state', 'content', 'mobile'])
		.where('id', '=', made.id)
		.executeTakeFirst();
	expect(kept).toEqual({ state: 'ended', content: null, mobile: null });
	await again.stop();
	expect(content).not.toBe(null);
	await rm(folder, { recursive: true });
});
