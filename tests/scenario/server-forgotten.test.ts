import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { localPractice, localServer } from '../local.ts';
import { bytesOf, call, newId } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const day = 24 * 60 * 60_000;
const count = 60;
const gone = 'dana.whitfield@patients.example';

async function filesWith(dataDir: string, text: string): Promise<string[]> {
	const names = (await readdir(dataDir)).filter((name) => name.startsWith('sotto.db'));
	const found = await Promise.all(
		names.map(async (name) => (await readFile(join(dataDir, name))).includes(text)),
	);
	return names.filter((_, at) => found[at]);
}

test('sessions that nobody held end by themselves with their contacts, also while the server was away', async () => {
	const before = await localPractice();
	const { dataDir, clock, maya } = before;
	const { token } = (await maya.token()).body;
	const ask = (method: string, path: string, body: object) =>
		call(maya.address, method, path, { token, body });
	const plan = async (startsAt: number, email: string) => {
		const [id, place] = [newId(), newId()];
		const places = [{ id: place, sealed: bytesOf(50) }];
		const sealed = bytesOf(100);
		const session = { id, startsAt, minutes: 50, sealed, notice: null, places };
		await ask('POST', '/api/sessions', session);
		const contact = { place, email, mobile: null, language: 'en', timeZone: 'UTC' };
		const contacts = [{ ...contact, remindBefore: [60], from: 'practice' }];
		const path = `/api/sessions/${id}/contacts`;
		expect((await ask('PUT', path, { contacts })).status).toBe(204);
		return id;
	};
	const missed: string[] = [];
	for (let at = 0; at < count; at++) missed.push(await plan(clock.now() + day + at, gone));
	const later = await plan(clock.now() + 30 * day, 'lea@patients.example');
	// The server fell between the two steps of a cancellation.
	const cut = await plan(clock.now() + 30 * day, gone);
	const { store } = before.server.context;
	await store.updateTable('sessions').set({ cancelled: 1 }).where('id', '=', cut).execute();
	expect(await filesWith(dataDir, gone)).not.toEqual([]);
	await before.close();
	clock.forward(5 * day);

	const after = await localServer({ dataDir, clock });
	const { store: rows, post } = after.server.context;
	await post.run();
	expect(await filesWith(dataDir, gone)).toEqual([]);
	const left = await rows
		.selectFrom('sessions')
		.select('id')
		.where('state', '!=', 'ended')
		.execute();
	expect(left).toEqual([{ id: later }]);
	const contacts = await rows.selectFrom('contacts').select('session').execute();
	expect(contacts).toEqual([{ session: later }]);
	const acts = await rows
		.selectFrom('history')
		.select(['act', 'session', 'who'])
		.where('act', 'in', ['session-ended', 'session-expired'])
		.execute();
	expect(acts).toHaveLength(count + 1);
	expect(acts).toContainEqual({ act: 'session-expired', session: missed[0], who: null });
	const { member } = maya.signedIn;
	expect(acts).toContainEqual({ act: 'session-ended', session: cut, who: member.id });
	const waiting = rows.selectFrom('post').select('session').where('state', '=', 'waiting');
	expect(new Set((await waiting.execute()).map(({ session }) => session))).toEqual(
		new Set([later]),
	);
	await after.stop();
});
