import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { changeMember, colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { someBytes, startRecording, type TestRecorder } from '../recorder.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, newId } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer & { maya: Staff };
let maya: Staff;
let dana: Staff;
let ines: Staff;
let tom: Staff;
let recorder: TestRecorder;
const idOf = (who: Staff) => who.signedIn.member.id;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
	dana = await colleague(maya, 'participant-only');
	ines = await colleague(maya, 'participant-only');
	tom = await colleague(maya);
	recorder = await startRecording(maya);
	await recorder.put(recorder.audio, 0, someBytes(200));
});
afterAll(() => local.stop());

const visits = async (who: Staff) => (await who.call('GET', '/api/visits')).body.visits;
const linked = (member: string, startsAt = local.clock.now()) => ({
	id: newId(),
	startsAt,
	minutes: 50,
	sealed: bytesOf(60),
	notice: null,
	places: [
		{ id: newId(), sealed: bytesOf(50), visit: { member, sealed: bytesOf(70) } },
		{ id: newId(), sealed: bytesOf(50) },
	],
});

test('an appointment is shown to the participant whose place it is, and to no other', async () => {
	const session = linked(idOf(dana));
	const [place] = session.places;
	const made = await maya.call('POST', '/api/sessions', session);
	expect(made).toMatchObject({ status: 201, body: { places: session.places } });
	expect((await maya.call('POST', '/api/sessions', session)).status).toBe(200);
	expect(await visits(dana)).toEqual([
		{
			place: place?.id,
			session: session.id,
			host: idOf(maya),
			startsAt: session.startsAt,
			minutes: 50,
			sealed: place?.visit?.sealed,
			state: 'planned',
		},
	]);
	expect(await visits(ines)).toEqual([]);
	expect((await dana.call('GET', `/api/sessions/${session.id}`)).body.error).toBe('forbidden');
	const path = `/api/sessions/${session.id}`;
	const changed = { ...place, visit: { member: idOf(ines), sealed: bytesOf(70) } };
	expect((await maya.call('PATCH', path, { places: [changed] })).status).toBe(200);
	expect(await visits(dana)).toEqual([]);
	expect(await visits(ines)).toHaveLength(1);
	const { visit: _, ...plain } = changed;
	await maya.call('PATCH', path, { places: [plain] });
	expect(await visits(ines)).toHaveLength(1);
	await maya.call('PATCH', path, { places: [{ ...plain, visit: null }] });
	expect(await visits(ines)).toEqual([]);
	const more = { id: newId(), sealed: bytesOf(50), visit: { member: idOf(dana), sealed: 'AAAA' } };
	expect((await maya.call('POST', `${path}/places`, more)).status).toBe(201);
	expect(await visits(dana)).toHaveLength(1);
	await maya.call('POST', `${path}/cancel`);
	expect(await visits(dana)).toEqual([]);
});

test('only the account of an active participant can be named', async () => {
	for (const member of [newId(), idOf(tom), idOf(maya)]) {
		const { body } = await maya.call('POST', '/api/sessions', linked(member));
		expect(body.error).toBe('bad-request');
	}
});

test('a recording opens for a participant once somebody who may grants it to her', async () => {
	const path = `/api/recordings/${recorder.id}`;
	const grant = recorder.grant({ recipient: idOf(dana) });
	const give = (who: Staff, change: object = {}) =>
		who.call('POST', `${path}/grants`, {
			grant: { ...grant, id: newId(), grantor: idOf(who), ...change },
		});
	expect((await dana.call('GET', path)).body.error).toBe('not-found');
	expect((await give(maya)).body.error).toBe('conflict');
	const finish = { recovered: false, keep: [], remove: [] };
	expect((await maya.call('POST', `${path}/finish`, finish)).status).toBe(204);
	expect((await give(tom)).body.error).toBe('not-found');
	expect((await give(dana)).body.error).toBe('forbidden');
	for (const wrong of [{ recipient: newId() }, { grantor: idOf(tom) }, { recording: newId() }])
		expect((await give(maya, wrong)).body.error).toBe('bad-request');
	expect((await give(maya)).status).toBe(204);
	expect((await give(maya)).body.error).toBe('conflict');
	const { body } = await dana.call('GET', path);
	expect(body.grants).toHaveLength(1);
	expect(body.recipients.toSorted()).toEqual([idOf(dana), maya.signedIn.practice.id].toSorted());
	const objects = `${path}/objects/${recorder.audio}/0`;
	expect((await dana.call('GET', objects)).status).toBe(200);
	expect((await dana.call('POST', `${path}/opened`)).status).toBe(204);
	const { recordings } = (await dana.call('GET', '/api/recordings')).body;
	expect(recordings.map(({ id }: { id: string }) => id)).toEqual([recorder.id]);
	for (const other of [ines, tom]) {
		expect((await other.call('GET', path)).body.error).toBe('not-found');
		expect((await other.call('GET', objects)).body.error).toBe('not-found');
	}
	// Of what stands beside it the server gives her nothing, whatever her keys open.
	for (const kind of ['summary', 'notes', 'captions', 'waveform', 'retention']) {
		const words = `${path}/annotations/${kind}`;
		const put = await maya.call('PUT', words, { version: 1, sealed: bytesOf(60) });
		expect(put.status).toBe(204);
		expect((await dana.call('GET', words)).body.error).toBe('forbidden');
	}
	const rows = { ids: [recorder.id] };
	const listed = (await dana.call('POST', '/api/recordings/rows', rows)).body;
	expect([listed.recordings[0].summary, listed.notes]).toEqual([null, []]);
	const history = await maya.call('GET', `${path}/history`);
	expect(history.body.rows.map(({ act }: { act: string }) => act)).toEqual(
		expect.arrayContaining(['granted', 'opened']),
	);
	expect((await dana.call('DELETE', path)).body.error).toBe('forbidden');
	expect((await dana.call('GET', `${path}/history`)).body.error).toBe('forbidden');
});

test('a clinician who can open it lets nobody else, and a deactivated participant opens nothing', async () => {
	const path = `/api/recordings/${recorder.id}`;
	const give = (who: Staff, recipient: string) =>
		who.call('POST', `${path}/grants`, {
			grant: recorder.grant({ recipient, grantor: idOf(who) }),
		});
	expect((await give(maya, idOf(tom))).status).toBe(204);
	expect((await give(tom, idOf(ines))).body.error).toBe('forbidden');
	const { token } = (await dana.token()).body;
	await changeMember(maya, idOf(dana), { role: 'participant-only', active: false });
	expect((await give(maya, idOf(dana))).body.error).toBe('bad-request');
	const answer = await fetch(`${local.address}${path}`, {
		headers: { authorization: `Bearer ${token}`, origin: local.address },
	});
	expect(answer.status).toBe(401);
	expect((await dana.unlock()).status).not.toBe(200);
});
