import { expect, test, vi } from 'vitest';
import { colleague } from '../colleagues.ts';
import { retaining } from '../retaining.ts';
import type { Staff } from '../staff.ts';
import { newId, signed } from '../wire.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

const day = 24 * 60 * 60_000;
const practice = retaining();

test('it never ends sooner without the word of who signs it', async () => {
	const keptUntil = practice.local.clock.now() + 100 * day;
	const recorder = await practice.recorded({ keptUntil, keeping: { purpose: 'record' } });
	const sooner = { keptUntil: keptUntil - day };
	expect(await practice.set(recorder, sooner)).toBe('bad-request');
	expect(await practice.set(recorder, { ...sooner, shortens: true })).toBe('kept');
	// A date where there was none is sooner too, and no date is later than any.
	expect(await practice.set(recorder, { keptUntil: null })).toBe('kept');
	expect(await practice.set(recorder, { keptUntil: keptUntil + day })).toBe('bad-request');
	expect(await practice.of(recorder)).toMatchObject({ version: 2, keptUntil: null });
	// Under a hold as well: released, it would go by the date that was set meanwhile.
	expect(await practice.set(recorder, { keptUntil, shortens: true, hold: true })).toBe('kept');
	expect(await practice.set(recorder, sooner)).toBe('bad-request');
});

test('only its host, admins and supervisors set it, each with a signature of her own', async () => {
	const tom = await colleague(practice.maya);
	const ines = await colleague(practice.maya, 'supervisor');
	const stranger = await colleague(practice.maya);
	const recipients = [tom.signedIn.member.id, ines.signedIn.member.id];
	const recorder = await practice.recorded({ keptUntil: null }, practice.maya, recipients);
	expect(await practice.set(recorder, {}, { staff: tom })).toBe('forbidden');
	expect(await practice.set(recorder, {}, { staff: stranger })).toBe('not-found');
	expect(await practice.set(recorder, {}, { staff: practice.maya, key: tom.identity })).toBe(
		'bad-request',
	);
	const author = tom.signedIn.member.id;
	expect(await practice.set(recorder, {}, { staff: practice.maya, author })).toBe('bad-request');
	expect(await practice.set(recorder, { recording: newId() })).toBe('bad-request');
	expect(await practice.set(recorder, { version: 2 })).toBe('conflict');
	expect(await practice.set(recorder, { purpose: 'art' })).toBe('bad-request');
	expect(await practice.set(recorder, {}, { staff: ines })).toBe('kept');
	const shown = await practice.of(recorder, tom);
	expect(JSON.parse(shown.statement.text)).toMatchObject({
		author: ines.signedIn.member.id,
		version: 1,
	});
	expect(await practice.actsOf(recorder)).toContain('retention-set');
});

test('who may not delete it leaves it a week at least, and the receipt names who set its end', async () => {
	const ines = await colleague(practice.maya, 'supervisor');
	const recorder = await practice.recorded({ keptUntil: null }, practice.maya, [
		ines.signedIn.member.id,
	]);
	const at = (days: number) => ({
		keptUntil: practice.local.clock.now() + days * day,
		shortens: true,
	});
	const by = { staff: ines };
	expect(await practice.set(recorder, { keptUntil: 1, shortens: true }, by)).toBe('forbidden');
	expect(await practice.set(recorder, at(6), by)).toBe('forbidden');
	expect(await practice.set(recorder, at(8), by)).toBe('kept');
	expect(await practice.sweep()).toBe(0);
	practice.local.clock.forward(8 * day + 1);
	await practice.maya.unlock();
	expect(await practice.sweep()).toBe(1);
	const receipt = (await practice.maya.call('GET', `/api/recordings/${recorder.id}/receipt`)).body;
	const { id } = ines.signedIn.member;
	expect(receipt).toMatchObject({ act: 'kept-until-over', by: null, setBy: id });
	// Whoever may delete it may also let it end at once.
	const own = await practice.recorded({ keptUntil: null });
	expect(await practice.set(own, { keptUntil: 1, shortens: true })).toBe('kept');
	expect(await practice.sweep()).toBe(1);
});

test('a hold is released by who placed it or by an admin, and with no sooner end in the same breath', async () => {
	const tom = await colleague(practice.maya);
	const ines = await colleague(practice.maya, 'supervisor');
	const keptUntil = practice.local.clock.now() + 100 * day;
	const recorder = await practice.recorded({ keptUntil }, tom, [ines.signedIn.member.id]);
	expect(await practice.set(recorder, { hold: true })).toBe('kept');
	expect(await practice.of(recorder, tom)).toMatchObject({
		hold: true,
		heldBy: practice.maya.signedIn.member.id,
	});
	const release = { hold: false };
	// Not even her whose recording it is: it may be held against her.
	expect(await practice.set(recorder, release, { staff: tom })).toBe('forbidden');
	expect(await practice.set(recorder, release, { staff: ines })).toBe('forbidden');
	const both = { ...release, keptUntil: keptUntil - day, shortens: true };
	expect(await practice.set(recorder, both)).toBe('bad-request');
	expect(await practice.of(recorder)).toMatchObject({ hold: true, version: 1, keptUntil });
	expect(await practice.set(recorder, release)).toBe('kept');
	// Her own hold each releases herself.
	expect(await practice.set(recorder, { hold: true }, { staff: tom })).toBe('kept');
	expect(await practice.set(recorder, release, { staff: ines })).toBe('forbidden');
	expect(await practice.set(recorder, release, { staff: tom })).toBe('kept');
});

test('a participant who can open it is told what holds now, and not what the notice said', async () => {
	const dana = await colleague(practice.maya, 'participant-only');
	const startedAt = practice.local.clock.now();
	const keptUntil = startedAt + 100 * day;
	const recorder = await practice.recorded({ keptUntil }, practice.maya, [dana.signedIn.member.id]);
	const path = `/api/recordings/briefs?from=${startedAt}&to=${startedAt}`;
	const shown = async () => {
		const { briefs } = (await dana.call('GET', path)).body;
		return briefs.find(({ id }: { id: string }) => id === recorder.id).keeping;
	};
	expect(await shown()).toEqual({ endsAt: keptUntil, hold: false });
	expect(await practice.set(recorder, { keptUntil: keptUntil + day })).toBe('kept');
	expect(await shown()).toEqual({ endsAt: keptUntil + day, hold: false });
	expect(await practice.set(recorder, { hold: true })).toBe('kept');
	expect(await shown()).toEqual({ endsAt: null, hold: true });
	expect(await practice.of(recorder, dana)).toEqual({ error: 'forbidden' });
});

const rules = {
	record: {
		states: ['CA'],
		profession: 'psychologist',
		facility: 'none',
		managedCare: false,
		years: 7,
	},
	supervision: { days: 30 },
	quality: { days: 90 },
	note: { minutes: 60 },
};

test('a new policy is signed by an admin, follows the one before, and touches no recording', async () => {
	const keptUntil = practice.local.clock.now() + 100 * day;
	const recorder = await practice.recorded({ keptUntil, keeping: { purpose: 'supervision' } });
	const before = await practice.of(recorder);
	const path = '/api/practice/retention';
	const put = async (said: object, key = practice.maya.identity, staff = practice.maya) => {
		const policy = signed(key, 'sotto/retention-policy/v1', {
			v: 1,
			practice: practice.maya.signedIn.practice.id,
			version: 1,
			author: practice.maya.signedIn.member.id,
			at: practice.local.clock.now(),
			rules,
			...said,
		});
		const { status, body } = await staff.call('PUT', path, { policy });
		return status === 204 ? 'kept' : body.error;
	};
	const tom = await colleague(practice.maya, 'supervisor');
	expect((await tom.call('GET', path)).body).toEqual({ policy: null });
	expect(await put({}, tom.identity)).toBe('bad-request');
	expect(await put({}, tom.identity, tom)).toBe('forbidden');
	expect(await put({ practice: newId() })).toBe('bad-request');
	expect(await put({ rules: { ...rules, supervision: { days: 0 } } })).toBe('bad-request');
	expect(await put({})).toBe('kept');
	expect(await put({})).toBe('conflict');
	expect(await put({ version: 2, rules: { ...rules, supervision: { days: 1 } } })).toBe('kept');
	const { policy } = (await tom.call('GET', path)).body;
	expect(JSON.parse(policy.text)).toMatchObject({ version: 2 });
	practice.local.clock.forward(2 * day);
	await practice.maya.unlock();
	expect(await practice.sweep()).toBe(0);
	expect(await practice.of(recorder)).toEqual(before);
	const { body } = await practice.maya.call('GET', '/api/history');
	expect(body.rows.map(({ act }: { act: string }) => act)).toContain('retention-policy-changed');
});

test('the next to end come first, and only those that one may change', async () => {
	const now = practice.local.clock.now();
	const later = await practice.recorded({ keptUntil: now + 20 * day });
	const sooner = await practice.recorded({ keptUntil: now + 5 * day });
	const never = await practice.recorded({ keptUntil: null });
	const list = async (staff: Staff, query = '') =>
		(await staff.call('GET', `/api/retention${query}`)).body.recordings.map(
			({ recording }: { recording: string }) => recording,
		);
	const mine = new Set([later.id, sooner.id, never.id]);
	const among = (ids: string[]) => ids.filter((id) => mine.has(id));
	expect(among(await list(practice.maya))).toEqual([sooner.id, later.id, never.id]);
	expect(among(await list(practice.maya, `?before=${now + 14 * day}`))).toEqual([sooner.id]);
	const tom = await colleague(practice.maya);
	expect(await list(tom)).toEqual([]);
});

test('storage: bytes by the months of beginning and of ending, and what the practice pays', async () => {
	const read = async (staff = practice.maya) =>
		(await staff.call('GET', '/api/practice/storage')).body;
	const before = await read();
	const end = practice.local.clock.now() + 40 * day;
	await practice.recorded({ keptUntil: end });
	const after = await read();
	expect(after.bytes - before.bytes).toBe(5000);
	expect(after.recordings - before.recordings).toBe(1);
	const sum = (list: { bytes: number }[]) => list.reduce((all, { bytes }) => all + bytes, 0);
	expect(sum(after.begun)).toBe(after.bytes);
	const month = new Date(end).toISOString().slice(0, 7);
	expect(after.ending).toContainEqual(expect.objectContaining({ month }));
	expect(after.price).toBeNull();
	const price = { micros: 23_000, currency: 'USD' };
	expect((await practice.maya.call('PUT', '/api/practice/storage-price', { price })).status).toBe(
		204,
	);
	expect((await read()).price).toEqual(price);
	const wrong = { price: { micros: -1, currency: 'dollars' } };
	expect((await practice.maya.call('PUT', '/api/practice/storage-price', wrong)).status).toBe(400);
	const tom = await colleague(practice.maya, 'supervisor');
	expect(await read(tom)).toEqual({ error: 'forbidden' });
});
