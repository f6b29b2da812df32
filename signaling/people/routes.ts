import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf } from '../parse.ts';
import { NewerList, PracticeSettings } from '../protocol/people.ts';
import { replaceList } from './list.ts';
import { readSettings, writeSettings } from './settings.ts';

/** Whether two lists have the same members in the same roles. */
function same(listed: ReadonlyMap<string, string>, rows: { id: string; role: string }[]): boolean {
	return listed.size === rows.length && rows.every(({ id, role }) => listed.get(id) === role);
}

/** /api/practice/settings, /api/people. */
export function peopleRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub, history } = context;
	app.get('/practice/settings', async (request) => {
		await staffOf(context, request);
		return readSettings(context, store);
	});
	app.put('/practice/settings', async (request, reply) => {
		const { role, member } = await staffOf(context, request);
		if (role !== 'admin') throw new ServerError('forbidden');
		const settings = bodyOf(PracticeSettings, request);
		await store.transaction().execute(async (db) => {
			await writeSettings(db, settings);
			await history.add(db, { act: 'settings-changed', who: member });
		});
		hub.changed('members');
		return reply.code(204).send();
	});
	app.put('/people/list', async (request, reply) => {
		const { role, member } = await staffOf(context, request);
		if (role !== 'admin') throw new ServerError('forbidden');
		const { memberList, account } = bodyOf(NewerList, request);
		await store.transaction().execute(async (db) => {
			const listed = await replaceList(db, memberList);
			const rows = await db.selectFrom('members').select(['id', 'role']).execute();
			if (!same(listed, rows)) throw new ServerError('conflict');
			if (account)
				await db
					.updateTable('members')
					.set({ account: JSON.stringify(account) })
					.where('id', '=', member)
					.execute();
		});
		hub.changed('members');
		return reply.code(204).send();
	});
}
