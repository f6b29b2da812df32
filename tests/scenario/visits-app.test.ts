import { expect, test, vi } from 'vitest';
import { join } from '../app.ts';
import { founded } from '../practices.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// The host picks the account of somebody she invites, and that person alone finds the appointment.
const here = founded();

type Visits = InstanceType<(typeof import('../../pwa/src/lib/visits/visits.svelte.ts'))['Visits']>;

/** A participant in a browser of her own. */
async function participant(email: string): Promise<{ id: string; visits: Visits }> {
	const { id } = await join(here.maya, { email, role: 'participant-only', name: 'Dana Whitfield' });
	const { Visits } = await import('../../pwa/src/lib/visits/visits.svelte.ts');
	return { id, visits: new Visits() };
}

test('whoever has the account finds whom she meets, when, and her own private link', async () => {
	const make = await import('../../pwa/src/lib/schedule/make.ts');
	const change = await import('../../pwa/src/lib/schedule/change.ts');
	const { fetchSession } = await import('../../pwa/src/lib/sessions/store.ts');
	const [dana, ines] = [
		await participant('dana@example.org'),
		await participant('ines@example.org'),
	];
	await here.maya.account.refresh();
	const startsAt = Date.now() + 60 * 60_000;
	const [prepared] = await make.prepareSessions({
		host: here.maya.account.member.id,
		people: [{ name: 'Dana Whitfield', account: dana.id }, { name: 'Somebody else' }],
		purpose: null,
		startsAt,
		minutes: 50,
		title: 'Second intake',
	});
	const place = prepared?.places[0];
	if (!prepared || !place) throw new Error('nothing prepared');
	expect(prepared.body.places.map(({ visit }) => visit?.member)).toEqual([dana.id, undefined]);
	await make.sendSession(prepared);
	await make.sendSession(prepared);
	await dana.visits.load();
	const { name } = here.maya.account.member;
	expect(dana.visits).toMatchObject({ failure: undefined, past: [] });
	expect(dana.visits.next).toMatchObject([{ with: name, startsAt, minutes: 50, ended: false }]);
	expect(dana.visits.next[0]?.link).toBe(await here.maya.placeLink(place));
	await ines.visits.load();
	expect(ines.visits.next).toEqual([]);
	// What the server keeps of it says no name.
	const rows = await here.local.server.context.store.selectFrom('places').selectAll().execute();
	const kept = rows.map(({ visit }) => Buffer.from(visit ?? '', 'base64url').toString()).join();
	for (const secret of [name, 'intake', 'Whitfield']) expect(kept).not.toContain(secret);
	// Another account is picked: the first has it no more.
	await change.changePerson(await fetchSession(prepared.id), { ...place, account: ines.id });
	await dana.visits.load();
	await ines.visits.load();
	expect([dana.visits.next.length, ines.visits.next.length]).toEqual([0, 1]);
	await change.changePerson(await fetchSession(prepared.id), { ...place, account: undefined });
	await ines.visits.load();
	expect(ines.visits.next).toEqual([]);
});
