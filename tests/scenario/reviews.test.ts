import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { colleague } from '../colleagues.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { TestRecorder, someBytes } from '../recorder.ts';
import type { Staff } from '../staff.ts';
import { signed } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const day = 24 * 60 * 60_000;
let local: LocalServer & { maya: Staff };
let maya: Staff;

beforeAll(async () => {
	local = await localPractice();
	({ maya } = local);
});
afterAll(() => local.stop());

/** A finished recording that is kept for this until then. */
async function kept(purpose: string, keptUntil: number): Promise<TestRecorder> {
	const { id } = await maya.session({ recorded: true });
	const recorder = new TestRecorder(maya, id);
	await recorder.call('POST', '', recorder.request([recorder.grant()]));
	await recorder.put(recorder.final, 0, someBytes(5000));
	const finish = { recovered: false, keep: [], remove: [recorder.audio] };
	expect((await recorder.call('POST', `/${recorder.id}/finish`, finish)).status).toBe(204);
	const statement = signed(maya.identity, 'sotto/retention/v1', {
		v: 1,
		recording: recorder.id,
		version: 1,
		author: maya.signedIn.member.id,
		at: local.clock.now(),
		purpose,
		keptUntil,
		hold: false,
		shortens: true,
	});
	const path = `/api/recordings/${recorder.id}/retention`;
	expect((await maya.call('PUT', path, { statement })).status).toBe(204);
	return recorder;
}

const reviews = async (who: Staff) => (await who.call('GET', '/api/reviews')).body.reviews;

test('who was let in to review finds it until she opens it, and nobody else does', async () => {
	const [tom, ida] = [await colleague(maya), await colleague(maya)];
	const now = local.clock.now();
	const [later, soon] = [
		await kept('supervision', now + 40 * day),
		await kept('supervision', now + 20 * day),
	];
	const other = await kept('quality', now + 20 * day);
	const letIn = async (recorder: TestRecorder) => {
		const grant = recorder.grant({ recipient: tom.signedIn.member.id });
		expect((await recorder.call('POST', `/${recorder.id}/grants`, { grant })).status).toBe(204);
	};
	expect(await reviews(tom)).toEqual([]);
	for (const recorder of [later, soon, other]) await letIn(recorder);
	const by = maya.signedIn.member.id;
	expect(await reviews(tom)).toMatchObject([
		{ recording: soon.id, by, endsAt: now + 20 * day },
		{ recording: later.id, by, endsAt: now + 40 * day },
	]);
	expect(await reviews(ida)).toEqual([]);
	expect(await reviews(maya)).toEqual([]);
	expect((await tom.call('POST', `/api/recordings/${soon.id}/opened`)).status).toBe(204);
	expect(await reviews(tom)).toMatchObject([{ recording: later.id }]);
	// Nor what was taken away again.
	await maya.call('DELETE', `/api/recordings/${later.id}/grants/${tom.signedIn.member.id}`);
	expect(await reviews(tom)).toEqual([]);
});
