import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { makeBackup } from '../../signaling/backup/backup.ts';
import { restoreBackup } from '../../signaling/backup/restore.ts';
import { findBytes, piecesOf } from '../bytesearch.ts';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice, localServer } from '../local.ts';
import { someBytes, TestRecorder } from '../recorder.ts';
import type { Staff } from '../staff.ts';
import { newId, signed } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// What was made of a recording: it goes with it, takes its place, and keeps nobody who was to be destroyed.
let local: LocalServer & { maya: Staff };
let maya: Staff;
let practice: string;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
	practice = maya.signedIn.practice.id;
});
afterAll(() => local.stop());

interface Made {
	readonly recorder: TestRecorder;
	/** Dana's track. */
	readonly danas: string;
	readonly path: string;
}

/** Two people's tracks, that of Dana is person 1. */
function planned(staff: Staff, session: string): Made {
	const recorder = new TestRecorder(staff, session);
	const danas = newId();
	recorder.tracks.splice(1, 2);
	recorder.tracks.push({ id: danas, kind: 'final', person: 1 });
	return { recorder, danas, path: `/api/recordings/${recorder.id}` };
}

const finalOf = ({ recorder }: Made): string => recorder.tracks[1]?.id ?? '';

async function store({ recorder, danas }: Made, tracks = recorder.tracks) {
	for (const { id } of tracks) expect((await recorder.put(id, 0, someBytes(900))).status).toBe(201);
	const kept = tracks.filter(({ kind }) => kind === 'final').map(({ id }) => id);
	expect(kept.includes(danas) || tracks.length < recorder.tracks.length).toBe(true);
	return kept.map((track) => ({ track, part: 0, chunks: 1, bytes: 900 }));
}

/** A finished recording, which its host and the practice can open, and whoever is named. */
async function recorded(more: string[] = [], staff = maya): Promise<Made> {
	const { id } = await staff.session({ recorded: true });
	const made = planned(staff, id);
	const { recorder } = made;
	const recipients = [staff.signedIn.member.id, practice, ...more];
	const grants = recipients.map((recipient) => recorder.grant({ recipient }));
	expect((await recorder.call('POST', '', recorder.request(grants))).status).toBe(201);
	const keep = await store(made);
	const finish = { recovered: false, keep, remove: [] };
	expect((await recorder.call('POST', `/${recorder.id}/finish`, finish)).status).toBe(204);
	return made;
}

const wishOf = (by: Staff, recording: string) =>
	signed(by.identity, 'sotto/deletion/v1', {
		recording,
		author: by.signedIn.member.id,
		at: local.clock.now(),
	});

/** A copy that was stored, and how it is finished. */
async function copied(source: Made, by = maya, onlyMaya = false) {
	const copy = planned(by, source.recorder.session);
	const { recorder } = copy;
	const grants = [by.signedIn.member.id, practice].map((recipient) =>
		recorder.grant({ recipient }),
	);
	const { id, tracks } = recorder;
	const made = await by.call('POST', `${source.path}/derivatives`, { id, tracks, grants });
	expect(made.status).toBe(201);
	recorder.token = (await by.token()).body.token;
	const keep = await store(copy, onlyMaya ? tracks.slice(0, 2) : tracks);
	const finish = (change: object = {}) =>
		by.call('POST', `${source.path}/derivatives/${id}/finish`, {
			keep,
			replaces: false,
			...change,
		});
	return { copy, finish };
}

/** Ends a rewriting without Dana's track, as her track is gone from what the recording says of itself. */
async function destroyed(
	{ recorder, danas, path }: Made,
	dropped: readonly (string | undefined)[] = [],
): Promise<string> {
	recorder.token = (await maya.token()).body.token;
	const me = maya.signedIn.member.id;
	const revision = newId();
	const begun = await maya.call('POST', `${path}/revisions`, {
		id: revision,
		kind: 'destroy',
		grant: recorder.grant({ recipient: me, grantor: me }),
	});
	expect(begun.status).toBe(200);
	const known: { id: string; recipient: string }[] = begun.body.grants;
	expect((await recorder.put(recorder.id, 0, someBytes(300), 1)).status).toBe(201);
	const ended = await maya.call('POST', `${path}/revisions/${revision}/finish`, {
		keep: [{ track: recorder.id, part: 1, chunks: 1, bytes: 300 }],
		destroy: [danas],
		grants: known
			.filter(({ recipient }) => !dropped.includes(recipient))
			.map(({ recipient }) => recorder.grant({ recipient, grantor: me })),
		replaces: known.map(({ id }) => id),
		annotations: [],
		drop: [],
	});
	if (ended.status !== 204) await maya.call('DELETE', `${path}/revisions/${revision}`);
	return ended.status === 204 ? 'destroyed' : ended.body.error;
}

const stateOf = async ({ path }: Made): Promise<number> => (await maya.call('GET', path)).status;

const listed = async ({ recorder }: Made): Promise<boolean> => {
	const { body } = await maya.call('GET', `/api/recordings?from=0&to=${local.clock.now() + 1e9}`);
	return body.recordings.some(({ id }: { id: string }) => id === recorder.id);
};

const hold = ({ recorder }: Made, is: number) =>
	local.server.context.store
		.updateTable('retentions')
		.set({ hold: is })
		.where('recording', '=', recorder.id)
		.execute();

test('a copy takes the place of its source in one commit, or neither happens', async () => {
	const source = await recorded();
	const { copy, finish } = await copied(source);
	const wish = wishOf(maya, source.recorder.id);
	const wrong = wishOf(maya, copy.recorder.id);
	expect((await finish({ replaces: true, wish: wrong })).body.error).toBe('bad-request');
	await hold(source, 1);
	expect((await finish({ replaces: true, wish })).body.error).toBe('conflict');
	expect([await stateOf(source), await listed(copy)]).toEqual([200, false]);
	await hold(source, 0);
	expect((await finish({ replaces: true, wish })).status).toBe(204);
	expect([await stateOf(source), await listed(copy)]).toEqual([410, true]);
	const { body } = await maya.call('GET', `${source.path}/receipt`);
	expect(body).toMatchObject({ wish, by: maya.signedIn.member.id, destroyed: { derivatives: 0 } });
	expect((await finish({ replaces: true, wish })).body.error).toBe('gone');
	expect(
		(await local.server.context.tombstones.read()).map(({ recording }) => recording),
	).toContain(source.recorder.id);
});

test('a copy that was kept beside its source goes with it, and so does one that took that copy’s place', async () => {
	const source = await recorded();
	const first = await copied(source);
	expect((await first.finish()).status).toBe(204);
	const second = await copied(first.copy);
	expect((await second.finish({ replaces: true })).status).toBe(204);
	expect([await stateOf(first.copy), await stateOf(second.copy)]).toEqual([410, 200]);
	const third = await copied(second.copy);
	expect((await third.finish()).status).toBe(204);
	expect((await maya.call('DELETE', source.path)).status).toBe(204);
	expect([await stateOf(second.copy), await stateOf(third.copy)]).toEqual([410, 410]);
	const { body } = await maya.call('GET', `${source.path}/receipt`);
	expect(body.destroyed).toMatchObject({ derivatives: 2 });
});

test('nobody’s track is called destroyed while a copy has it, whole or on its way', async () => {
	const source = await recorded();
	const { copy, finish } = await copied(source);
	const late = await copied(source);
	const without = await copied(source, maya, true);
	for (const end of [finish, without.finish]) expect((await end()).status).toBe(204);
	const shown = async ({ path }: Made) => (await maya.call('GET', `${path}/revision`)).body;
	const ids = [copy, without.copy].map(({ recorder }) => recorder.id);
	expect((await shown(source)).copies.toSorted()).toEqual(ids.toSorted());
	expect(await shown(copy)).toMatchObject({ copies: [], source: source.recorder.id });
	expect(await destroyed(source)).toBe('conflict');
	expect(await destroyed(copy)).toBe('destroyed');
	expect(await destroyed(source)).toBe('destroyed');
	expect((await late.finish()).body.error).toBe('conflict');
	expect(await listed(late.copy)).toBe(false);
});

test('its host and the practice keep what is made of a recording, and who loses it stands in the history', async () => {
	const [peter, tom] = [await colleague(maya), await colleague(maya)];
	const [host, other] = [peter.signedIn.member.id, tom.signedIn.member.id];
	const source = await recorded([other], peter);
	for (const answers of [host, practice])
		expect(await destroyed(source, [answers])).toBe('bad-request');
	const copy = planned(peter, source.recorder.session);
	const { id, tracks } = copy.recorder;
	const made = (recipients: string[], change: object = {}) =>
		peter.call('POST', `${source.path}/derivatives`, {
			id,
			tracks,
			grants: recipients.map((recipient) => copy.recorder.grant({ recipient, ...change })),
		});
	expect((await made([host])).body.error).toBe('bad-request');
	expect((await made([practice])).body.error).toBe('bad-request');
	expect((await made([host, practice], { expiresAt: 1 })).body.error).toBe('bad-request');
	expect((await made([host, practice])).status).toBe(201);
	expect(await destroyed(source, [other])).toBe('destroyed');
	const { body } = await maya.call('GET', `${source.path}/history`);
	const ended = body.rows.filter(({ act }: { act: string }) => act === 'access-ended');
	expect(ended).toMatchObject([{ who: maya.signedIn.member.id, about: other }]);
});

test('a restore brings back no destroyed track and no access that was ended', async () => {
	const tom = await colleague(maya);
	const [other, home] = [tom.signedIn.member.id, await mkdtemp(join(tmpdir(), 'sotto-undone-'))];
	const [source, second] = [await recorded([other]), await recorded([other])];
	const { danas, recorder } = source;
	const sealed = await readFile(join(local.dataDir, 'objects', recorder.id, danas, '0', '0'));
	const needles = new Map([['film', piecesOf(sealed)]]);
	const folder = join(home, 'backup');
	await makeBackup({ dataDir: local.dataDir, folder, now: local.clock.now() });
	local.clock.forward(1000);
	expect(await destroyed(source)).toBe('destroyed');
	expect((await maya.call('DELETE', `${second.path}/grants/${other}`)).status).toBe(204);
	expect(await findBytes(local.dataDir, needles)).toEqual([]);
	const [known, unknown] = [join(home, 'known'), join(home, 'unknown')];
	await restoreBackup({ folder, dataDir: unknown, tombstones: undefined });
	expect(await findBytes(unknown, needles)).not.toEqual([]);
	const tombstones = join(local.dataDir, 'tombstones.log');
	const restored = await restoreBackup({ folder, dataDir: known, tombstones });
	expect(restored).toMatchObject({ tracks: 1, access: 1, relocked: [] });
	expect(await findBytes(known, needles)).toEqual([]);
	const again = await localServer({ dataDir: known, clock: local.clock });
	const { store: db } = again.server.context;
	const grants = await db
		.selectFrom('grants')
		.select('recording')
		.where('recipient', '=', other)
		.where('recording', 'in', [recorder.id, second.recorder.id])
		.execute();
	expect(grants).toEqual([{ recording: recorder.id }]);
	const tracks = await db
		.selectFrom('objects')
		.select('track')
		.where('recording', '=', recorder.id)
		.execute();
	expect(tracks.map(({ track }) => track).toSorted()).toEqual(
		[recorder.id, finalOf(source)].toSorted(),
	);
	await again.close();
	await rm(home, { recursive: true, force: true });
});
