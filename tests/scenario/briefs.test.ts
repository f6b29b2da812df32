import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Brief } from '../../signaling/protocol/briefs.ts';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { startRecording } from '../recorder.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, newId } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let local: LocalServer & { maya: Staff };
let maya: Staff;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
});
afterAll(() => local.stop());

async function briefs(staff: Staff, query = 'from=0&to=9999999999999'): Promise<Brief[]> {
	const all: Brief[] = [];
	for (let after = ''; ;) {
		const { body } = await staff.call('GET', `/api/recordings/briefs?${query}${after}`);
		all.push(...body.briefs);
		if (body.next === null) return all;
		after = `&after=${body.next}`;
	}
}

const rowsOf = async (staff: Staff, ids: readonly string[]): Promise<string[]> => {
	const { body } = await staff.call('POST', '/api/recordings/rows', { ids });
	return body.recordings.map(({ id }: { id: string }) => id);
};

test('whoever hosted a recording finds it, and nobody else', async () => {
	const recorder = await startRecording(maya);
	const other = await colleague(maya);
	const [mine] = await briefs(maya);
	expect(mine).toMatchObject({ id: recorder.id, state: 'live', summary: 0, deletionAsked: false });
	expect(await rowsOf(maya, [recorder.id, newId()])).toEqual([recorder.id]);
	expect(await briefs(other)).toEqual([]);
	expect(await rowsOf(other, [recorder.id])).toEqual([]);
	const put = (version: number) =>
		maya.call('PUT', `/api/recordings/${recorder.id}/annotations/summary`, {
			version,
			sealed: bytesOf(60),
		});
	expect([(await put(1)).status, (await put(1)).body.error, (await put(3)).body.error]).toEqual([
		204,
		'conflict',
		'conflict',
	]);
	expect((await briefs(maya))[0]?.summary).toBe(1);
	expect((await briefs(maya, 'from=0&to=5'))[0]).toBeUndefined();
});

test('thousands come in pages, each once, the newest first', async () => {
	const { store } = local.server.context;
	const host = maya.signedIn.member.id;
	const values = Array.from({ length: 2500 }, (_, at) => ({
		id: newId(),
		source: 'call' as const,
		session: null,
		uploader: null,
		host,
		made_by: null,
		handover: null,
		recorder_key: bytesOf(32),
		state: 'finished' as const,
		// Several at one moment: the place between two pages may fall among them.
		started_at: 1000 + Math.floor(at / 7),
		last_seen_at: 1,
		ended_at: 1,
		lost_at: null,
		finished_at: 1,
		content: '',
	}));
	for (let at = 0; at < values.length; at += 500)
		await store
			.insertInto('recordings')
			.values(values.slice(at, at + 500))
			.execute();
	const found = await briefs(maya, 'from=1000&to=5000');
	expect(new Set(found.map(({ id }) => id))).toEqual(new Set(values.map(({ id }) => id)));
	expect(found).toHaveLength(values.length);
	const times = found.map(({ startedAt }) => startedAt);
	expect(times).toEqual(times.toSorted((a, b) => b - a));
	const { body } = await maya.call('GET', '/api/recordings/briefs?from=0&to=9&after=nonsense');
	expect(body.error).toBe('bad-request');
});
