import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import {
	NewShare,
	ShareApproval,
	type SharesAsking,
	ShareStart,
	type UnapprovedShares as Unapproved,
} from '../protocol/shares.ts';
import { Id } from '../protocol/text.ts';
import { identifierOf } from './open.ts';
import { recipientRoutes } from './recipient.ts';
import { viewShare } from './rows.ts';
import {
	approveDevice,
	demandNew,
	demandSharing,
	endShare,
	exposeShare,
	makeShare,
	refuseDevice,
	sharableRecording,
} from './shares.ts';

const Params = v.object({ id: Id });
/** Shares of one recording that are listed. */
const listMax = 500;
/** Browsers that wait for one member. */
const askingMax = 100;

function recordingShares(app: FastifyInstance, context: Context): void {
	const { store, opaque, hub, config } = context;
	app.post('/recordings/:id/shares/start', async (request) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await sharableRecording(context, staff, id);
		await demandSharing(context);
		const { share, registrationRequest } = bodyOf(ShareStart, request);
		// Else who shares something could try the words of another share, and no try would be counted.
		await demandNew(store, share);
		const registrationResponse = opaque.register(identifierOf(share), registrationRequest);
		return { registrationResponse, serverKey: opaque.publicKey };
	});
	app.post('/recordings/:id/shares', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id: recording } = parse(Params, request.params);
		await sharableRecording(context, staff, recording);
		await makeShare(context, staff, { recording, wanted: bodyOf(NewShare, request) });
		hub.changed('recordings');
		return reply.code(201).send({});
	});
	app.get('/recordings/:id/shares', async (request) => {
		const staff = await staffOf(context, request);
		const { id: recording } = parse(Params, request.params);
		await sharableRecording(context, staff, recording);
		const rows = await store
			.selectFrom('shares')
			.selectAll()
			.where('recording', '=', recording)
			.orderBy('created_at', 'desc')
			.limit(listMax)
			.execute();
		const shares = await Promise.all(rows.map((row) => viewShare(context, row, staff.member)));
		return { shares, texts: config.text !== undefined };
	});
}

function askingRoute(app: FastifyInstance, context: Context): void {
	const { store, clock } = context;
	app.get('/shares/asking', async (request): Promise<v.InferOutput<typeof SharesAsking>> => {
		const { member } = await staffOf(context, request);
		const rows = await store
			.selectFrom('shares')
			.innerJoin('recordings', 'recordings.id', 'shares.recording')
			.select(['shares.id', 'shares.recording', 'shares.device_at', 'recordings.started_at'])
			.where('shares.sharer', '=', member)
			.where('shares.state', '=', 'open')
			.where('shares.expires_at', '>', clock.now())
			.where('shares.device', 'is not', null)
			.where('shares.approved', '=', 0)
			.orderBy('shares.device_at')
			.limit(askingMax)
			.execute();
		const asking = rows.map(({ id: share, recording, device_at: at, started_at: startedAt }) => ({
			share,
			recording,
			at: at ?? startedAt,
			startedAt,
		}));
		return { asking };
	});
}

/** What she sealed for herself of shares for a device that is not approved: replaced keys are needed for it until then. */
function unapprovedRoute(app: FastifyInstance, context: Context): void {
	const { store, clock } = context;
	app.get('/shares/unapproved', async (request): Promise<v.InferOutput<typeof Unapproved>> => {
		const { member } = await staffOf(context, request);
		const rows = await store
			.selectFrom('shares')
			.select(['id as share', 'recording', 'expires_at as expiresAt', 'own'])
			.where('sharer', '=', member)
			.where('way', '=', 'device')
			.where('state', '=', 'open')
			.where('expires_at', '>', clock.now())
			.where('approved', '=', 0)
			.orderBy('created_at')
			.limit(listMax)
			.execute();
		const shares = rows.flatMap(({ own, ...one }) => (own === null ? [] : { ...one, own }));
		return { shares };
	});
}

/** /api/recordings/:id/shares and /api/shares. */
export function shareRoutes(app: FastifyInstance, context: Context): void {
	const { hub } = context;
	recordingShares(app, context);
	askingRoute(app, context);
	unapprovedRoute(app, context);
	recipientRoutes(app, context);
	app.delete('/shares/:id', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await endShare(context, staff, id);
		hub.changed('recordings');
		return reply.code(204).send();
	});
	app.put('/shares/:id/device', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await approveDevice(context, staff, { id, approval: bodyOf(ShareApproval, request) });
		hub.changed('recordings');
		return reply.code(204).send();
	});
	app.delete('/shares/:id/device', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await refuseDevice(context, staff, id);
		hub.changed('recordings');
		return reply.code(204).send();
	});
}

/** A share's page with more in its path than an id, as mail gateways make it of a full link: encoded once or often. */
const spoilt = /^\/s\/([\w-]{22})%(?:25)*23.+/i;

/**
 * Whoever comes with the secret of a full link in the path is sent on without it; the share ends, because the server and
 * whatever stands in front of it have seen the secret. Nothing of it is logged.
 */
export function refuseSpoilt(app: FastifyInstance, context: Context): void {
	app.addHook('onRequest', async (request, reply) => {
		const [, id] = spoilt.exec(request.url) ?? [];
		if (id === undefined || (request.method !== 'GET' && request.method !== 'HEAD'))
			return undefined;
		if (v.is(Id, id)) await exposeShare(context, id);
		return reply.header('cache-control', 'no-store').redirect(`/s/${id}`, 303);
	});
}
