import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { type TestRecorder, startRecording } from '../recorder.ts';
import type { Staff } from '../staff.ts';
import { bytesOf, newId } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let local: LocalServer & { maya: Staff };
let maya: Staff;
let tom: Staff;
let recorder: TestRecorder;
const path = () => `/api/recordings/${recorder.id}/disclosures`;
const all = async () => (await maya.call('GET', '/api/disclosures')).body.disclosures;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
	tom = await colleague(maya);
	recorder = await startRecording(maya);
});
afterAll(() => local.stop());

test('to whom a copy was given is written down with the copy, and outlives the recording', async () => {
	const copy = { id: newId(), act: 'exported', sealed: bytesOf(300) };
	const share = { id: newId(), act: 'shared', sealed: bytesOf(300) };
	for (const one of [copy, copy, share])
		expect((await maya.call('POST', path(), one)).status).toBe(204);
	const other = { ...copy, sealed: bytesOf(300) };
	expect((await maya.call('POST', path(), other)).body.error).toBe('conflict');
	const { body } = await maya.call('GET', `/api/recordings/${recorder.id}/history`);
	const exported = body.rows.filter(({ act }: { act: string }) => act === 'exported');
	expect(exported).toMatchObject([{ about: copy.id, who: maya.signedIn.member.id }]);
	expect(await all()).toHaveLength(2);
	expect((await maya.call('DELETE', `/api/recordings/${recorder.id}`)).status).toBeLessThan(300);
	expect(await all()).toEqual(
		expect.arrayContaining([copy, share].map((one) => expect.objectContaining(one))),
	);
	expect((await maya.call('GET', '/api/disclosures?from=0&to=1')).body.disclosures).toEqual([]);
});

test('who cannot open a recording gives nobody a copy of it, and only admins read to whom one was given', async () => {
	recorder = await startRecording(maya);
	const copy = { id: newId(), act: 'exported', sealed: bytesOf(300) };
	expect((await tom.call('POST', path(), copy)).body.error).toBe('not-found');
	expect((await tom.call('GET', '/api/disclosures')).body.error).toBe('forbidden');
});
