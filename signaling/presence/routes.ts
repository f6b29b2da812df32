import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import { Dismissal, NewPresenceDevice, PresenceNames } from '../protocol/presence.ts';
import { Id } from '../protocol/text.ts';
import { Span } from '../session/sessions.ts';
import { readDay } from './day.ts';
import { addDevice, forgetDevices, listDevices } from './devices.ts';
import { dismiss } from './dismissals.ts';
import { putNames } from './names.ts';

const Params = v.object({ id: Id });

function deviceRoutes(app: FastifyInstance, context: Context): void {
	const { store, clock, history } = context;
	app.get('/presence/devices', async (request) => {
		const { member, role } = await staffOf(context, request);
		return { devices: await listDevices(context, role === 'admin' ? {} : { member }) };
	});
	app.post('/presence/devices', async (request, reply) => {
		const { member } = await staffOf(context, request);
		const device = bodyOf(NewPresenceDevice, request);
		const { id } = await store.transaction().execute(async (db) => {
			const made = await addDevice(db, { member, device, clock });
			if (made.fresh) await history.add(db, { act: 'extension-paired', who: member });
			return made;
		});
		return reply.code(201).send({ device: id });
	});
	app.delete('/presence/devices/:id', async (request, reply) => {
		const scopes = ['staff', 'presence'] as const;
		const { member, role, scope, device } = await staffOf(context, request, { scopes });
		const { id } = parse(Params, request.params);
		// An extension leaves the list by itself, and takes nobody else off.
		if (scope === 'presence' && id !== device) throw new ServerError('not-found');
		const after = await store.transaction().execute(async (db) => {
			const row = await db
				.selectFrom('presence_devices')
				.select('member')
				.where('id', '=', id)
				.executeTakeFirst();
			if (!row || (row.member !== member && role !== 'admin')) throw new ServerError('not-found');
			const forgotten = await forgetDevices(context, db, [id]);
			await history.add(db, { act: 'extension-removed', who: member });
			return forgotten;
		});
		after();
		return reply.code(204).send();
	});
}

/** /api/presence: browser extensions that hear who waits, and what they may know. */
export function presenceRoutes(app: FastifyInstance, context: Context): void {
	const { store, hub } = context;
	deviceRoutes(app, context);
	app.put('/presence/names', async (request, reply) => {
		const { member } = await staffOf(context, request);
		const { names } = bodyOf(PresenceNames, request);
		if (names.length > 0) {
			const devices = await store.transaction().execute((db) => putNames(db, { member, names }));
			for (const device of devices) hub.tellDevice(device, { type: 'changed', what: 'sessions' });
		}
		return reply.code(204).send();
	});
	app.get('/presence/day', async (request) => {
		const { member, device } = await staffOf(context, request, { scopes: ['presence'] });
		return readDay(context, { member, device, ...parse(Span, request.query) });
	});
	app.post('/presence/dismissed', async (request, reply) => {
		const { member } = await staffOf(context, request, { scopes: ['staff', 'presence'] });
		const { arrivals } = bodyOf(Dismissal, request);
		await hub.run((change) => dismiss(hub, change, { member, arrivals }));
		return reply.code(204).send();
	});
}
