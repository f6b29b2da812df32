import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { reasonMs } from '../../signaling/protocol/access.ts';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { someBytes, startRecording, type TestRecorder } from '../recorder.ts';
import type { Staff } from '../staff.ts';
import { type Answer, bytesOf, newId } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer & { maya: Staff };
/** Admin, host, supervisor, two clinicians. */
let maya: Staff;
let dana: Staff;
let una: Staff;
let tom: Staff;
let ida: Staff;
const idOf = (who: Staff) => who.signedIn.member.id;
const answerOf = ({ status, body }: Answer): string => `${status} ${body.error ?? ''}`.trim();

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
	dana = await colleague(maya);
	una = await colleague(maya, 'supervisor');
	tom = await colleague(maya);
	ida = await colleague(maya);
});
afterAll(() => local.stop());

const actsOf = async (who: Staff, id: string) => {
	const { rows } = (await who.call('GET', `/api/recordings/${id}/history`)).body;
	return rows.map(({ act, who: by, about }: Record<string, string>) => [act, by, about]);
};

/** A finished recording of this host that these can open too. */
async function recorded(host: Staff, openers: Staff[]): Promise<TestRecorder> {
	const recorder = await startRecording(host);
	const { id, final } = recorder;
	await recorder.put(id, 0, someBytes(10));
	await recorder.put(final, 0, someBytes(100));
	const keep = [{ track: final, part: 0, chunks: 1, bytes: 100 }];
	await recorder.call('POST', `/${id}/finish`, { recovered: false, keep, remove: [] });
	for (const opener of openers) {
		const grant = recorder.grant({ recipient: idOf(opener), grantor: idOf(host) });
		expect((await recorder.call('POST', `/${id}/grants`, { grant })).status).toBe(204);
	}
	return recorder;
}

test('whose access was taken away gets nothing of it any more, and it stands in the history', async () => {
	const recorder = await recorded(dana, [tom, una, ida]);
	const path = `/api/recordings/${recorder.id}`;
	const object = `${path}/objects/${recorder.final}/0`;
	const end = (who: Staff, recipient: string) => who.call('DELETE', `${path}/grants/${recipient}`);
	expect((await tom.call('GET', object)).status).toBe(200);
	// Who may only open it takes it from nobody; nobody takes it from the host or the practice.
	expect(answerOf(await end(tom, idOf(ida)))).toBe('403 forbidden');
	expect(answerOf(await end(maya, idOf(dana)))).toBe('403 forbidden');
	expect(answerOf(await end(dana, maya.signedIn.practice.id))).toBe('403 forbidden');
	expect(answerOf(await end(dana, idOf(tom)))).toBe('204');
	for (const asked of [path, object, `${path}/history`, `${path}/annotations/notes`])
		expect(answerOf(await tom.call('GET', asked))).toBe('404 not-found');
	expect(answerOf(await end(tom, idOf(ida)))).toBe('404 not-found');
	const { recordings } = (await tom.call('GET', '/api/recordings')).body;
	expect(recordings).toEqual([]);
	expect(answerOf(await end(una, idOf(ida)))).toBe('204');
	// Again it is no error, and no row.
	expect(answerOf(await end(dana, idOf(ida)))).toBe('204');
	expect(answerOf(await end(dana, newId()))).toBe('204');
	const acts = await actsOf(dana, recorder.id);
	const about = new Set(['granted', 'access-ended']);
	expect(acts.filter(([act]: string[]) => about.has(act ?? ''))).toEqual([
		['granted', idOf(dana), idOf(tom)],
		['granted', idOf(dana), idOf(una)],
		['granted', idOf(dana), idOf(ida)],
		['access-ended', idOf(dana), idOf(tom)],
		['access-ended', idOf(una), idOf(ida)],
	]);
	const { body } = await dana.call('GET', path);
	expect(body.recipients.toSorted()).toEqual([idOf(una), maya.signedIn.practice.id].toSorted());
	// She can be given it again.
	const again = recorder.grant({ recipient: idOf(tom), grantor: idOf(dana) });
	expect((await recorder.call('POST', `/${recorder.id}/grants`, { grant: again })).status).toBe(
		204,
	);
	expect((await tom.call('GET', object)).status).toBe(200);
});

/** Words of every kind beside it. */
async function annotated(recorder: TestRecorder): Promise<void> {
	for (const kind of ['summary', 'notes', 'captions', 'waveform', 'retention']) {
		const path = `/${recorder.id}/annotations/${kind}`;
		const { status } = await recorder.call('PUT', path, { version: 1, sealed: bytesOf(60) });
		expect(status).toBe(204);
	}
}

const tell = (who: Staff, { id }: TestRecorder, opening?: object) =>
	who.call('POST', `/api/recordings/${id}/opened`, opening && { opening });
const openings = async (who: Staff) => (await who.call('GET', '/api/openings')).body.openings;

test('an admin and a supervisor get no media of another’s recording without a reason', async () => {
	const recorder = await recorded(dana, [tom, una]);
	const path = `/api/recordings/${recorder.id}`;
	const object = `${path}/objects/${recorder.final}/0`;
	const manifest = `${path}/objects/${recorder.id}/0`;
	// The host and a colleague to whom she gave it say nothing.
	for (const who of [dana, tom]) {
		expect((await who.call('GET', object)).status).toBe(200);
		expect(answerOf(await tell(who, recorder))).toBe('204');
		expect(answerOf(await tell(who, recorder, { id: newId(), reason: bytesOf(60) }))).toBe(
			'400 bad-request',
		);
	}
	const reasons = new Map([maya, una].map((who) => [who, { id: newId(), reason: bytesOf(700) }]));
	for (const [who, opening] of reasons) {
		expect(answerOf(await who.call('GET', object))).toBe('403 forbidden');
		expect((await who.call('GET', manifest)).status).toBe(200);
		expect(answerOf(await tell(who, recorder))).toBe('400 bad-request');
		expect(answerOf(await who.call('GET', object))).toBe('403 forbidden');
		expect(answerOf(await tell(who, recorder, opening))).toBe('204');
		expect(answerOf(await tell(who, recorder, opening))).toBe('409 conflict');
		expect((await who.call('GET', object)).status).toBe(200);
	}
	// A reason is for one recording.
	const other = await recorded(dana, [una]);
	const elsewhere = `/api/recordings/${other.id}/objects/${other.final}/0`;
	expect(answerOf(await una.call('GET', elsewhere))).toBe('403 forbidden');
	// It holds for half a day.
	local.clock.forward(reasonMs + 1);
	for (const who of [maya, dana, una, tom, ida]) who.signedIn = (await who.unlock()).body;
	expect(answerOf(await una.call('GET', object))).toBe('403 forbidden');
	expect((await dana.call('GET', object)).status).toBe(200);
});

test('the host is told who opened hers and why, and with the recording the reasons go', async () => {
	const recorder = await recorded(dana, [tom, una]);
	const path = `/api/recordings/${recorder.id}`;
	for (const { id } of await openings(dana)) await dana.call('POST', `/api/openings/${id}/seen`);
	const expected = [maya, una].map((who) => ({
		id: newId(),
		recording: recorder.id,
		member: idOf(who),
		at: local.clock.now(),
		reason: bytesOf(700),
	}));
	for (const [at, who] of [maya, una].entries()) {
		const { id, reason } = expected[at] ?? {};
		expect(answerOf(await tell(who, recorder, { id, reason }))).toBe('204');
	}
	expect(await openings(dana)).toEqual(expect.arrayContaining(expected));
	for (const who of [maya, una, tom]) expect(await openings(who)).toEqual([]);
	const [first] = expected;
	const seen = (who: Staff) => who.call('POST', `/api/openings/${first?.id}/seen`);
	for (const who of [maya, una, tom]) expect(answerOf(await seen(who))).toBe('404 not-found');
	expect(answerOf(await seen(dana))).toBe('204');
	expect(await openings(dana)).toEqual(expected.slice(1));
	const { rows } = (await dana.call('GET', `${path}/history`)).body;
	const told = rows.filter(({ reason }: { reason: string | null }) => reason !== null);
	expect(told.map(({ reason }: { reason: string }) => reason)).toEqual(
		expected.map(({ reason }) => reason),
	);
	// With the recording the reasons go; that there were some stays in the history.
	expect((await dana.call('DELETE', path)).status).toBe(204);
	const { store } = local.server.context;
	const left = await store
		.selectFrom('history')
		.select(['act', 'reason'])
		.where('recording', '=', recorder.id)
		.where('reason_hash', 'is not', null)
		.execute();
	expect(left).toEqual([
		{ act: 'opened', reason: null },
		{ act: 'opened', reason: null },
	]);
	expect(await openings(dana)).toEqual([]);
	expect((await dana.call('GET', `${path}/receipt`)).body.destroyed).toMatchObject({
		grants: 3,
		reasons: 2,
	});
});

test('before the reason there are no notes, no captions and nothing for anybody else either', async () => {
	const recorder = await recorded(dana, [una]);
	await annotated(recorder);
	const path = `/api/recordings/${recorder.id}`;
	const words = (who: Staff, kind: string) => who.call('GET', `${path}/annotations/${kind}`);
	for (const who of [maya, una]) {
		for (const kind of ['notes', 'captions', 'waveform'])
			expect(answerOf(await words(who, kind))).toBe('403 forbidden');
		for (const kind of ['summary', 'retention'])
			expect(answerOf(await words(who, kind))).toBe('200');
	}
	expect(answerOf(await words(dana, 'notes'))).toBe('200');
	const give = (who: Staff, recipient: Staff, replaces: string[] = []) => {
		const grant = recorder.grant({ recipient: idOf(recipient), grantor: idOf(who) });
		return who.call('POST', `${path}/grants`, { grant, replaces });
	};
	for (const who of [maya, una]) {
		expect(answerOf(await give(who, tom))).toBe('403 forbidden');
		expect(answerOf(await give(who, tom, [newId()]))).toBe('403 forbidden');
	}
	const copy = { id: newId(), tracks: recorder.tracks, grants: [recorder.grant()] };
	expect(answerOf(await maya.call('POST', `${path}/derivatives`, copy))).toBe('403 forbidden');
	// Who can open it already gets it for her new keys without one.
	const { store } = local.server.context;
	const { id: old } = await store
		.selectFrom('grants')
		.select('id')
		.where('recording', '=', recorder.id)
		.where('recipient', '=', idOf(una))
		.executeTakeFirstOrThrow();
	expect(answerOf(await give(maya, una, [old]))).toBe('204');
	expect(answerOf(await tell(una, recorder, { id: newId(), reason: bytesOf(700) }))).toBe('204');
	for (const kind of ['notes', 'captions', 'waveform'])
		expect(answerOf(await words(una, kind))).toBe('200');
	expect(answerOf(await give(una, tom))).toBe('204');
});

test('nor is there anything of what is still recorded, or was interrupted', async () => {
	const recorder = await startRecording(dana);
	await recorder.put(recorder.audio, 0, someBytes(100));
	const object = `/api/recordings/${recorder.id}/objects/${recorder.audio}/0`;
	expect((await dana.call('GET', object)).status).toBe(200);
	expect(answerOf(await maya.call('GET', object))).toBe('403 forbidden');
	expect(answerOf(await tell(maya, recorder))).toBe('400 bad-request');
	expect(answerOf(await tell(maya, recorder, { id: newId(), reason: bytesOf(700) }))).toBe('204');
	expect((await maya.call('GET', object)).status).toBe(200);
	expect((await openings(dana)).at(-1)).toMatchObject({ recording: recorder.id });
});
