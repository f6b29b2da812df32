import { expect, test, vi } from 'vitest';
import { join, password } from '../app.ts';
import { founded } from '../practices.ts';
import { browser } from '../rotating.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

// Who plans for colleagues replaces her keys.
const here = founded();

test('appointments that she planned for a colleague are counted until each person was saved once more', async () => {
	const who = { email: 'tom@alderstreet.example', role: 'clinician' } as const;
	const { id: host } = await join(here.maya, who);
	const { id: participant } = await join(here.maya, {
		email: 'dana@example.org',
		role: 'participant-only',
		name: 'Dana Whitfield',
	});
	const { Visits } = await import('../../pwa/src/lib/visits/visits.svelte.ts');
	const { account: dana } = await import('../../pwa/src/lib/account/account.svelte.ts');
	const visits = new Visits();
	const maya = await browser(here.local.address);
	const { changePerson } = await import('../../pwa/src/lib/schedule/change.ts');
	await maya.account.signIn('maya@alderstreet.example', password);
	const [prepared] = await maya.prepareSessions({
		host,
		people: [{ name: 'Dana Whitfield', account: participant }, { name: 'Somebody else' }],
		purpose: null,
		startsAt: Date.now() + 60 * 60_000,
		minutes: 50,
	});
	if (!prepared) throw new Error('nothing prepared');
	await maya.sendSession(prepared);
	const seen = async () => {
		await dana.refresh();
		await visits.load();
		return visits.next.map((one) => one.with);
	};
	expect(await seen()).toEqual(['Tom Reyes']);

	await maya.account.prove({ password });
	expect(await maya.useKeys(await maya.prepareKeys('a-lantern-for-the-stairs'))).toBe('renewed');
	expect(await seen()).toEqual([undefined]);
	// For what is left of these the old keys would be of no use.
	const done = { recordings: 0, planned: 0, shares: 0, unreadable: 0 };
	expect(await maya.regive(() => {})).toEqual({ ...done, visits: 1 });
	expect(maya.account.former).toEqual([]);
	const session = await maya.openSession(await maya.fetchOne(prepared.id));
	const [place] = session.places;
	if (!place) throw new Error('nobody is invited');
	await changePerson(session, place);
	expect(await seen()).toEqual(['Tom Reyes']);
	expect(await maya.oldVisits(maya.account.member.id, await maya.fetchOne(prepared.id))).toBe(0);
});
