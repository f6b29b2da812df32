import type { FastifyInstance } from 'fastify';
import type { Context } from '../context.ts';
import { staffOf } from '../guard.ts';
import { bodyOf } from '../parse.ts';
import { NewSettings, NewerList } from '../protocol/people.ts';
import { invitationRoutes } from './invitations.ts';
import { longBody, memberRoutes, takeList } from './members.ts';
import { confirmRotationRoutes } from './rotation.ts';

/** /api/practice/settings, /api/people, /api/invitations. */
export function peopleRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub, history, post, settings } = context;
	invitationRoutes(app, context);
	memberRoutes(app, context);
	confirmRotationRoutes(app, context);
	app.get('/practice/settings', async (request) => {
		await staffOf(context, request);
		return settings.read(store);
	});
	app.put('/practice/settings', async (request, reply) => {
		const { member } = await staffOf(context, request);
		const asked = bodyOf(NewSettings, request);
		const after = await store.transaction().execute(async (db) => {
			const { reminders } = await settings.read(db);
			const kept = await settings.write(db, { asked, author: member });
			if (String(reminders) !== String(asked.reminders)) await post.settingsChanged(db);
			await history.add(db, { act: 'settings-changed', who: member });
			return kept;
		});
		after();
		hub.changed('members');
		return reply.code(204).send();
	});
	app.put('/people/list', longBody(context), async (request, reply) => {
		const { member } = await staffOf(context, request);
		const { memberList, account } = bodyOf(NewerList, request);
		await store.transaction().execute(async (db) => {
			await takeList(db, memberList);
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
