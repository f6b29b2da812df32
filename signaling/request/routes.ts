import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse } from '../parse.ts';
import {
	AccountRequest,
	CloseRequest,
	EnteredRequest,
	ExtendRequest,
	NewOwnRequest,
	OwnRequestsProof,
	RequestText,
	TakenBack,
	TakenBackText,
	lookText,
	requestLateMs,
} from '../protocol/requests.ts';
import { Id } from '../protocol/text.ts';
import { visibleSession } from '../session/sessions.ts';
import { verifySignature, verifySigned } from '../signature.ts';
import type { Asked } from './requests.ts';
import { addRequest, closeRequest, extendRequest, requestsOfPlace, tasksOf } from './requests.ts';
import { takeBack } from './withdraw.ts';

const Params = v.object({ id: Id });
const PlaceParams = v.object({ place: Id });
const OneParams = v.object({ place: Id, id: Id });

/**
 * The session of a place from which somebody was let into the call, when this is a key of that place; the seats
 * themselves are erased when the session ends. Whether this very key was in the call stands in the recording's
 * sealed manifest, which only the practice can read. Throws `not-found`.
 */
async function visitedAt(
	{ store }: Context,
	{ place, publicKey }: { place: string; publicKey: string },
): Promise<string> {
	const claim = await store
		.selectFrom('claims')
		.select('session')
		.where('place', '=', place)
		.where('public_key', '=', publicKey)
		.where((it) =>
			it.exists(
				it
					.selectFrom('history')
					.select('history.n')
					.whereRef('history.session', '=', 'claims.session')
					.whereRef('history.who', '=', 'claims.place')
					.where('history.act', '=', 'connected'),
			),
		)
		.executeTakeFirst();
	if (!claim) throw new ServerError('not-found');
	return claim.session;
}

/** The session, to be recorded, of a place that belongs to this account. Throws `not-found`. */
async function ownPlace({ store }: Context, member: string, place: string): Promise<string> {
	const row = await store
		.selectFrom('places')
		.innerJoin('sessions', 'sessions.id', 'places.session')
		.select('places.session')
		.where('places.id', '=', place)
		.where('places.member', '=', member)
		.where('sessions.notice', 'is not', null)
		.executeTakeFirst();
	if (!row) throw new ServerError('not-found');
	return row.session;
}

async function add(context: Context, asked: Asked): Promise<boolean> {
	const { store, hub } = context;
	const made = await store.transaction().execute((db) => addRequest(context, db, asked));
	if (made) hub.changed('recordings');
	return made;
}

/** What a nonce is given for. */
const lookOf = (place: string): string => `look at the requests of ${place}`;

/** What a participant asks with the key of her visit. */
function ownRoutes(app: FastifyInstance, context: Context): void {
	const { clock, tokens } = context;
	app.post('/places/:place/requests/challenge', async (request) => {
		const { place } = parse(PlaceParams, request.params);
		return { nonce: tokens.challenge(lookOf(place)) };
	});
	app.post('/places/:place/requests/look', async (request) => {
		const { place } = parse(PlaceParams, request.params);
		const { publicKey, nonce, signature } = bodyOf(OwnRequestsProof, request);
		const answered = tokens.answers(nonce, lookOf(place));
		await visitedAt(context, { place, publicKey });
		const message = Buffer.from(lookText(place, nonce));
		const proof = { publicKey, context: 'sotto/request-look/v1', message, signature } as const;
		if (!answered || !verifySignature(proof)) throw new ServerError('forbidden');
		return { requests: await requestsOfPlace(context, place) };
	});
	app.post('/places/:place/requests', async (request, reply) => {
		const { place } = parse(PlaceParams, request.params);
		const { request: signed } = bodyOf(NewOwnRequest, request);
		const text = parse(v.pipe(v.string(), v.parseJson(), RequestText), signed.text);
		const { id, kind, subject } = text;
		const session = await visitedAt(context, { place, publicKey: subject });
		const meant = text.place === place && text.session === session;
		if (!meant || !verifySigned(subject, 'sotto/request/v1', signed))
			throw new ServerError('forbidden');
		// By the server's clock: a telephone's may be wrong by years.
		const receivedAt = clock.now();
		const content = JSON.stringify(signed);
		const about = { id, session, place, kind, content, receivedAt, member: null, who: place };
		const made = await add(context, { ...about, source: 'participant' });
		const requests = await requestsOfPlace(context, place);
		return reply.code(made ? 201 : 200).send({ requests });
	});
	app.post('/places/:place/requests/:id/withdraw', async (request) => {
		const { place, id } = parse(OneParams, request.params);
		const { signed } = bodyOf(TakenBack, request);
		const text = parse(v.pipe(v.string(), v.parseJson(), TakenBackText), signed.text);
		const { subject } = text;
		await visitedAt(context, { place, publicKey: subject });
		const meant = text.place === place && text.request === id;
		if (!meant || !verifySigned(subject, 'sotto/request-back/v1', signed))
			throw new ServerError('forbidden');
		await takeBack(context, { id, place, by: { subject, signed } });
		context.hub.changed('recordings');
		return { requests: await requestsOfPlace(context, place) };
	});
}

/** What a participant asks with her account. */
function accountRoutes(app: FastifyInstance, context: Context): void {
	const { clock } = context;
	app.get('/visits/:place/requests', async (request) => {
		const { member } = await staffOf(context, request);
		const { place } = parse(PlaceParams, request.params);
		await ownPlace(context, member, place);
		return { requests: await requestsOfPlace(context, place) };
	});
	app.post('/visits/:place/requests', async (request, reply) => {
		const { member } = await staffOf(context, request);
		const { place } = parse(PlaceParams, request.params);
		const { id, kind } = bodyOf(AccountRequest, request);
		const session = await ownPlace(context, member, place);
		const receivedAt = clock.now();
		const about = { id, session, place, kind, receivedAt, member, who: member, content: null };
		const made = await add(context, { ...about, source: 'account' });
		const requests = await requestsOfPlace(context, place);
		return reply.code(made ? 201 : 200).send({ requests });
	});
	app.post('/visits/:place/requests/:id/withdraw', async (request) => {
		const { member } = await staffOf(context, request);
		const { place, id } = parse(OneParams, request.params);
		await ownPlace(context, member, place);
		await takeBack(context, { id, place, by: { member } });
		context.hub.changed('recordings');
		return { requests: await requestsOfPlace(context, place) };
	});
}

/** /api/requests, and what participants ask for themselves. */
export function requestRoutes(app: FastifyInstance, context: Context): void {
	const { store, clock, hub } = context;
	ownRoutes(app, context);
	accountRoutes(app, context);
	app.get('/requests', async (request) => {
		const staff = await staffOf(context, request);
		return { requests: await tasksOf(context, staff) };
	});
	app.post('/requests', async (request, reply) => {
		const staff = await staffOf(context, request);
		const wanted = bodyOf(EnteredRequest, request);
		const { session, place, receivedAt } = wanted;
		await visibleSession(store, staff, session);
		const at = await store
			.selectFrom('places')
			.select('id')
			.where('id', '=', place)
			.where('session', '=', session)
			.executeTakeFirst();
		if (!at) throw new ServerError('not-found');
		const now = clock.now();
		if (receivedAt > now || receivedAt < now - requestLateMs) throw new ServerError('bad-request');
		const about = { ...wanted, member: null, content: null, who: staff.member };
		const made = await add(context, { ...about, source: 'staff' });
		return reply.code(made ? 201 : 200).send({});
	});
	app.post('/requests/:id/extend', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await extendRequest(context, staff, { id, ...bodyOf(ExtendRequest, request) });
		hub.changed('recordings');
		return reply.code(204).send();
	});
	app.post('/requests/:id/close', async (request, reply) => {
		const staff = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		await closeRequest(context, staff, { id, how: bodyOf(CloseRequest, request) });
		hub.changed('recordings');
		return reply.code(204).send();
	});
}
