import { beforeAll, expect, test, vi } from 'vitest';
import { sealAnnotation } from '#crypto/annotation/annotation.ts';
import { toBase64url } from '#crypto/bytes.ts';
import * as v from 'valibot';
import { sweepRevisions } from '../../signaling/recording/revisions.ts';
import { type App, join as joins } from '../app.ts';
import { founded } from '../practices.ts';
import { newId } from '../wire.ts';
import type { Recorded } from '../recorded.ts';
import {
	dataBytes,
	memory,
	objectsOnDisk,
	openRewriting,
	opened,
	opensAny,
	storeMayas,
} from '../rewrite.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// Keys that somebody had open nothing of what the server has after a re-lock, and a crash in the middle loses nothing.
const here = founded();
let maya: App;
let una: { app: App; id: string };
let tom: { app: App; id: string };
let rewriting: Awaited<ReturnType<typeof openRewriting>>;

beforeAll(async () => {
	una = await joins(here.maya, { email: 'una@alderstreet.example', role: 'supervisor' });
	tom = await joins(here.maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	// The newest app's modules are those that rewrite: Maya's second browser.
	maya = await import('../app.ts').then(({ openApp }) => openApp(here.local.address));
	await maya.account.signIn('maya@alderstreet.example', 'quiet-harbor-eleven');
	rewriting = await openRewriting();
});

async function shared(): Promise<Recorded> {
	const made = await storeMayas(here.local);
	await maya.account.refresh();
	await maya.give(await maya.fetchRecording(made.id), una.id);
	const mine = await opened(maya, made.id);
	const { member, identity } = maya.account;
	const key = mine.keys.get(made.id);
	if (!key) throw new Error('no key');
	const sealed = await sealAnnotation({
		key,
		recording: made.id,
		kind: 'notes',
		version: 1,
		author: { id: member.id, signing: identity.signing },
		at: 1,
		body: { text: 'about Dana' },
	});
	const path = `/api/recordings/${made.id}/annotations/notes`;
	const body = { version: 1, sealed: toBase64url(sealed) };
	await maya.request({ method: 'PUT', path, body });
	return made;
}

async function relock(
	id: string,
	change: {
		recipients?: string[];
		signal?: AbortSignal;
		begun?: ReturnType<typeof memory>;
		/** Runs in the place of sealing object number `n`, from 0; throws to cut it short. */
		onObject?: (n: number) => void | Promise<void>;
	} = {},
): Promise<void> {
	const { member, practice } = maya.account;
	const api = rewriting.recordingsApi();
	const signal = change.signal ?? new AbortController().signal;
	const sealer = rewriting.sealerHere(api, signal);
	let count = 0;
	await rewriting.relock({
		opened: await opened(maya, id),
		recipients: change.recipients ?? [member.id, practice.id],
		api,
		sealer: {
			...sealer,
			reseal: async (job, onBytes) => {
				await change.onObject?.(count++);
				return sealer.reseal(job, onBytes);
			},
		},
		begun: change.begun ?? memory(),
		signal,
		progress: () => undefined,
	});
}

const Note = v.object({ text: v.string() });

test('old keys, an old grant and saved bytes open nothing of what the server has', async () => {
	const { id } = await shared();
	const hers = await opened(una.app, id);
	const before = await objectsOnDisk(here.local, id);
	expect(before.size).toBe(3);
	for (const object of before.values())
		expect(await opensAny(hers.keys.values(), object)).toBe(true);
	const oldGrants = hers.recording.grants.map(({ ciphertext }) => ciphertext);
	await relock(id);
	await expect(una.app.fetchRecording(id)).rejects.toThrow('not-found');
	const after = await objectsOnDisk(here.local, id);
	expect(after.size).toBe(3);
	for (const object of after.values())
		expect(await opensAny(hers.keys.values(), object)).toBe(false);
	const all = await dataBytes(here.local);
	for (const object of before.values())
		expect(all.includes(Buffer.from(object.subarray(200, 260)))).toBe(false);
	for (const grant of oldGrants) expect(all.includes(grant)).toBe(false);
	// And whoever kept access sees everything as it was.
	const mine = await opened(maya, id);
	expect(mine.recording.recipients).toHaveLength(2);
	for (const object of after.values())
		expect(await opensAny(mine.keys.values(), object)).toBe(true);
	expect(mine.manifest.rewritten).toMatchObject([{ what: 'relock', by: maya.account.member.id }]);
	expect(mine.manifest.people.map(({ name }) => name)).toEqual([
		'Dr. Maya Okafor',
		'Dana Whitfield',
	]);
	const { readAnnotation } = await import('../../pwa/src/lib/recordings/annotations.ts');
	const place = { recording: id, kind: 'notes' as const, keys: mine.keys, schema: Note };
	expect(await readAnnotation(place)).toMatchObject({ version: 1, body: { text: 'about Dana' } });
	await expect(readAnnotation({ ...place, keys: hers.keys })).rejects.toThrow('open-failed');
	const acts = (await maya.fetchHistory(mine.recording)).map(({ act }) => act);
	expect(acts).toContain('relocked');
});

test('why somebody opened it can be read after it was sealed anew, and anew again', async () => {
	const { id } = await shared();
	const key = (await opened(maya, id)).keys.get(id);
	if (!key) throw new Error('no key');
	const { member, identity } = maya.account;
	const reason = newId();
	const sealed = await sealAnnotation({
		key,
		recording: id,
		kind: `reason ${reason}`,
		version: 1,
		author: { id: member.id, signing: identity.signing },
		at: 1,
		body: { reason: 'supervision' },
	});
	const opening = { id: reason, member: member.id, reason: toBase64url(sealed) };
	const { openReason } = await import('../../pwa/src/lib/access/reasons.ts');
	for (let times = 0; times < 2; times += 1) {
		await relock(id);
		const { keys } = await opened(maya, id);
		expect(await openReason({ recording: id, keys, opening })).toBe('supervision');
	}
});

test('cut short it leaves everything as it was, and goes on with what was stored whole', async () => {
	const { id } = await shared();
	const before = await objectsOnDisk(here.local, id);
	const begun = memory();
	const cut = (n: number) => {
		if (n === 1) throw new Error('the power went');
	};
	await expect(relock(id, { begun, onObject: cut })).rejects.toThrow('the power went');
	const hers = await opened(una.app, id);
	expect(hers.manifest.rewritten).toBeUndefined();
	const still = await objectsOnDisk(here.local, id);
	for (const [path, bytes] of before) expect(still.get(path)).toEqual(bytes);
	expect(still.size).toBe(before.size + 1);
	expect(hers.recording.objects).toHaveLength(3);
	// Nobody else takes it up, and what this browser did not begin is begun anew.
	const path = `/api/recordings/${id}/revision`;
	await expect(una.app.request({ path })).rejects.toThrow('forbidden');
	const sealed: number[] = [];
	await relock(id, { begun, onObject: (n) => void sealed.push(n) });
	expect(sealed).toEqual([0]);
	expect((await objectsOnDisk(here.local, id)).size).toBe(3);
	const mine = await opened(maya, id);
	expect(mine.manifest.rewritten).toHaveLength(1);
});

test('whom nobody let in is not let in by sealing anew, whatever the server shows', async () => {
	const { id } = await shared();
	const [hers] = (await opened(una.app, id)).recording.grants;
	const { store } = here.local.server.context;
	const forged = { ...hers, id: newId(), recipient: tom.id, expiresAt: null };
	await store
		.insertInto('grants')
		.values({
			id: forged.id,
			recording: id,
			recipient: tom.id,
			expires_at: null,
			content: JSON.stringify(forged),
		})
		.execute();
	const { member, practice } = maya.account;
	const both = [member.id, practice.id];
	await expect(relock(id, { recipients: [...both, tom.id] })).rejects.toThrow('bad-signature');
	await relock(id, { recipients: [...both, una.id] });
	expect((await opened(maya, id)).recording.recipients.toSorted()).toEqual(
		[...both, una.id].toSorted(),
	);
});

test('another device begins anew, and what was given up leaves no byte', async () => {
	const { id } = await shared();
	const begun = memory();
	const cut = (n: number) => {
		if (n === 1) throw new Error('the power went');
	};
	await expect(relock(id, { begun, onObject: cut })).rejects.toThrow('the power went');
	const sealed: number[] = [];
	await relock(id, { onObject: (n) => void sealed.push(n) });
	expect(sealed).toEqual([0, 1]);
	expect((await objectsOnDisk(here.local, id)).size).toBe(3);
	await expect(relock(id, { begun, onObject: cut })).rejects.toThrow('the power went');
	await rewriting.giveUp(id, begun);
	expect((await objectsOnDisk(here.local, id)).size).toBe(3);
	expect((await opened(maya, id)).manifest.rewritten).toHaveLength(1);
});

test('who was let in meanwhile, or a note that came, is not lost on the way', async () => {
	const made = await storeMayas(here.local);
	const begun = memory();
	const letIn = async (n: number) => {
		if (n === 0) await maya.give(await maya.fetchRecording(made.id), una.id);
	};
	await expect(relock(made.id, { begun, onObject: letIn })).rejects.toThrow('conflict');
	expect((await opened(una.app, made.id)).manifest.rewritten).toBeUndefined();
	const { member, practice } = maya.account;
	await relock(made.id, { begun, recipients: [member.id, practice.id, una.id] });
	expect((await opened(una.app, made.id)).manifest.rewritten).toHaveLength(1);
});

test('the server swaps nothing that would leave something of the old keys', async () => {
	const { id } = await shared();
	const begun = memory();
	const cut = () => {
		throw new Error('the power went');
	};
	await expect(relock(id, { begun, onObject: cut })).rejects.toThrow('the power went');
	const revision = await rewriting.fetchRevision(id);
	if (!revision) throw new Error('nothing was begun');
	const mine = await opened(maya, id);
	const key = mine.keys.get(id);
	if (!key) throw new Error('no key');
	const part = rewriting.nextPart(revision, id);
	const signal = new AbortController().signal;
	const about = { api: rewriting.recordingsApi(), manifest: mine.manifest, part, key, signal };
	const { track, chunks, bytes } = await rewriting.storeManifest(about);
	const keys = [...(await rewriting.rawKeys(mine.recording)).values()];
	const recipients = [maya.account.member.id, maya.account.practice.id].map((one) => ({
		id: one,
		expiresAt: null,
	}));
	const grants = await rewriting.wrapForAll({ recording: id, keys, recipients });
	const replaces = revision.grants.map((grant) => grant.id);
	const annotations = revision.annotations;
	const wish = {
		keep: [{ track, part, chunks, bytes }],
		destroy: [],
		grants,
		replaces,
		annotations,
	};
	const finish = (change: object = {}) =>
		rewriting.finishRevision(id, revision.id, { ...wish, drop: [], ...change });
	await expect(finish()).rejects.toThrow('conflict');
	await expect(finish({ destroy: [mine.recording.tracks.at(-1)?.id] })).rejects.toThrow(
		'bad-request',
	);
	await expect(finish({ keep: [{ track, part, chunks, bytes: bytes + 1 }] })).rejects.toThrow(
		'conflict',
	);
	await expect(finish({ keep: [{ track, part: 0, chunks, bytes }] })).rejects.toThrow();
	await expect(
		una.app.request({
			method: 'POST',
			path: `/api/recordings/${id}/revisions/${revision.id}/finish`,
			body: { ...wish, drop: [] },
		}),
	).rejects.toThrow('forbidden');
	expect((await opened(una.app, id)).recording.objects).toHaveLength(3);
	await rewriting.giveUp(id, begun);
});

test('what nobody goes on with for a day ends by itself', async () => {
	const { id } = await shared();
	const cut = (n: number) => {
		if (n === 1) throw new Error('the power went');
	};
	await expect(relock(id, { onObject: cut })).rejects.toThrow('the power went');
	expect((await objectsOnDisk(here.local, id)).size).toBe(4);
	const { context } = here.local.server;
	here.local.clock.forward(23 * 60 * 60_000);
	expect(await sweepRevisions(context)).toBe(0);
	here.local.clock.forward(2 * 60 * 60_000);
	expect(await sweepRevisions(context)).toBe(1);
	expect((await objectsOnDisk(here.local, id)).size).toBe(3);
});
