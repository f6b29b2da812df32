import { expect, test, vi } from 'vitest';
import { memory, openRewriting } from '../rewrite.ts';
import { hour, sharing } from '../sharing.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// What was shared ends with the track or the keys that it was made of.
const here = sharing();

const contentOf = (id: string) =>
	here.local.server.context.store
		.selectFrom('shares')
		.select(['state', 'content'])
		.where('id', '=', id)
		.executeTakeFirstOrThrow();

test('a share ends with the track that was in it, and every share when the recording is locked anew', async () => {
	const rewriting = await openRewriting();
	const danas = await here.share({ people: ['1'] });
	const mayas = await here.share({ people: ['0'] });
	const copy = { path: `/api/copies/${here.recorded.id}`, method: 'PUT' } as const;
	await here.maya.request({ ...copy, body: { expiresAt: here.local.clock.now() + hour } });
	const check = async () => {
		const body = { recordings: [here.recorded.id] };
		const answer = await here.maya.request({ method: 'POST', path: '/api/copies', body });
		return (await answer.json()).remove;
	};
	expect(await check()).toEqual([]);
	here.local.clock.forward(1000);
	const api = rewriting.recordingsApi();
	const { signal } = new AbortController();
	const about = { api, signal };
	await rewriting.destroyTrack({
		...about,
		opened: await here.opened(),
		person: 1,
		captions: false,
	});
	expect(await contentOf(danas.id)).toEqual({ state: 'ended', content: null });
	expect(await contentOf(mayas.id)).toMatchObject({ state: 'open', content: expect.any(String) });
	// A device that kept the sealed bytes hears at its next contact that they go.
	expect(await check()).toEqual([here.recorded.id]);
	// Also when somebody begins to rewrite it again, and when she gives that up.
	const again = rewriting.relock({
		...about,
		opened: await here.opened(),
		recipients: [here.maya.account.member.id, here.maya.account.practice.id],
		sealer: {
			...rewriting.sealerHere(api, signal),
			reseal: () => Promise.reject(new Error('the power went')),
		},
		begun: memory(),
		progress: () => undefined,
	});
	await expect(again).rejects.toThrow('the power went');
	expect(await check()).toEqual([here.recorded.id]);
	await rewriting.giveUp(here.recorded.id, memory());
	expect(await check()).toEqual([here.recorded.id]);
	const { member, practice } = here.maya.account;
	await rewriting.relock({
		...about,
		opened: await here.opened(),
		recipients: [member.id, practice.id],
		sealer: rewriting.sealerHere(api, signal),
		begun: memory(),
		progress: () => undefined,
	});
	expect(await contentOf(mayas.id)).toEqual({ state: 'ended', content: null });
	const path = `/api/recordings/${here.recorded.id}/history`;
	const { rows } = await here.maya.request({ path }).then((response) => response.json());
	const ended = rows.filter(({ act }: { act: string }) => act === 'share-ended');
	expect(ended.map(({ about: share }: { about: string }) => share)).toEqual([danas.id, mayas.id]);
});
