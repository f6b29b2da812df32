import { expect, test, vi } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { grantKeyOf } from '#crypto/grant/grant.ts';
import type { Grant } from '../../signaling/protocol/recordings.ts';
import { password } from '../app.ts';
import { recorded } from '../apprecorded.ts';
import { founded } from '../practices.ts';
import { type Renewing, browser, endAll } from '../rotating.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// What the old keys open and the new ones do not, and what becomes of it.
const here = founded();
const email = 'maya@alderstreet.example';
const next = 'a-lantern-for-the-stairs';
const nothing = { recordings: 0, planned: 0, shares: 0, visits: 0, unreadable: 0 };

/** Changes the grants of a recording for this recipient, as the server keeps them. */
async function damage(recording: string, recipient: string): Promise<() => Promise<void>> {
	const { store } = here.local.server.context;
	const rows = await store
		.selectFrom('grants')
		.select(['id', 'content'])
		.where('recording', '=', recording)
		.where('recipient', '=', recipient)
		.execute();
	const put = (id: string, content: string) =>
		store.updateTable('grants').set({ content }).where('id', '=', id).execute();
	for (const { id, content } of rows) {
		const grant: Grant = JSON.parse(content);
		const signature = toBase64url(random(64));
		await put(id, JSON.stringify({ ...grant, signature }));
	}
	return async () => {
		for (const { id, content } of rows) await put(id, content);
	};
}

async function keysOf(app: Renewing, recording: string): Promise<string[]> {
	const { grants } = await app.fetchRecording(recording);
	const { id } = app.account.member;
	return grants.filter((one) => one.recipient === id).map((one) => one.recipientKey);
}

test('what does not open keeps the old keys, until she says that she gives it up', async () => {
	const { maya: first } = here;
	await first.account.signIn(email, password);
	const [good, bad, lost] = [await recorded(first), await recorded(first), await recorded(first)];
	const maya = await browser(here.local.address);
	await maya.account.signIn(email, password);
	await endAll(maya);
	await maya.account.prove({ password });
	expect(await maya.useKeys(await maya.prepareKeys(next))).toBe('renewed');
	const { id } = maya.account.member;
	const now = await grantKeyOf(maya.account.identity.publicIdentity);
	// That of somebody else is damaged, hers is not: hers opens, and is given to the new keys.
	await damage(good, maya.account.practice.id);
	const mend = await damage(bad, id);
	await damage(lost, id);
	expect(await maya.regive(() => {})).toEqual({ ...nothing, unreadable: 2 });
	expect(await keysOf(maya, good)).toEqual([now]);
	expect(maya.account.former).toHaveLength(1);
	// Nothing was put in the place of what did not open.
	expect(await keysOf(maya, bad)).not.toContain(now);
	await mend();
	expect(await maya.regive(() => {})).toEqual({ ...nothing, unreadable: 1 });
	expect(await keysOf(maya, bad)).toEqual([now]);
	expect(maya.account.former).toHaveLength(1);

	await maya.dropFormer();
	expect(maya.account.former).toEqual([]);
	here.maya = maya;
});
