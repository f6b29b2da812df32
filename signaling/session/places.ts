import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { claimantOf } from '../guard.ts';
import { addLinkOpened } from '../history/visits.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import { type Claim, NewClaim, NewDeletionRequest, type Place } from '../protocol/sessions.ts';
import { Id, PublicIdentity, Signed } from '../protocol/text.ts';
import { newId, newSecret, tokenHash } from '../random.ts';
import { addWishToDelete } from '../request/requests.ts';
import { verifySignature, verifySigned } from '../signature.ts';
import type { StoreTransaction } from '../store/database.ts';

const Params = v.object({ place: Id });

/** Claims that one place may have seen: whoever holds a link can make them, so they have an end. */
const claimsPerPlace = 64;
/** A claim that nobody knocked with makes room after this time. */
const unusedMs = 5 * 60_000;

async function readPlace(context: Context, place: string): Promise<Place> {
	const { store } = context;
	const row = await store
		.selectFrom('places')
		.innerJoin('sessions', 'sessions.id', 'places.session')
		.innerJoin('members', 'members.id', 'sessions.host')
		.select([
			'places.session',
			'sessions.starts_at',
			'sessions.minutes',
			'sessions.notice',
			'sessions.state',
			'members.name',
			'members.public_identity',
		])
		.where('places.id', '=', place)
		.executeTakeFirst();
	if (!row) throw new ServerError('not-found');
	const { name, emergency } = await context.settings.read(store);
	return {
		place,
		session: row.session,
		startsAt: row.starts_at,
		minutes: row.minutes,
		practice: name,
		emergency,
		host: { name: row.name, publicIdentity: stored(PublicIdentity, row.public_identity) },
		notice: row.notice === null ? null : stored(Signed, row.notice),
		state: row.state,
	};
}

/** Makes room at a place: claims of browsers that never knocked. */
async function forgetUnused(db: StoreTransaction, place: string, now: number): Promise<void> {
	await db
		.deleteFrom('claims')
		.where('place', '=', place)
		.where('created_at', '<', now - unusedMs)
		.where('seat', 'not in', (it) => it.selectFrom('seats').select('id'))
		.execute();
}

/** Gives a key its seat at a place: the one it had, with a new token, or a new one. */
async function claim(context: Context, place: Place, publicKey: string): Promise<Claim> {
	const { store, clock } = context;
	const token = newSecret();
	const hash = tokenHash(token);
	const seat = await store.transaction().execute(async (db) => {
		const claims = await db
			.selectFrom('claims')
			.select(['seat', 'public_key', 'token_hash'])
			.where('place', '=', place.place)
			.execute();
		const known = claims.find(({ public_key: key }) => key === publicKey);
		// A removal is final for that key.
		if (known?.token_hash === null) throw new ServerError('forbidden');
		if (known) {
			await db
				.updateTable('claims')
				.set({ token_hash: hash })
				.where('seat', '=', known.seat)
				.execute();
			return known.seat;
		}
		if (claims.length >= claimsPerPlace) await forgetUnused(db, place.place, clock.now());
		const { count } = await db
			.selectFrom('claims')
			.select((it) => it.fn.countAll<number>().as('count'))
			.where('place', '=', place.place)
			.executeTakeFirstOrThrow();
		if (count >= claimsPerPlace) throw new ServerError('over-limit');
		const made = newId();
		await db
			.insertInto('claims')
			.values({
				seat: made,
				place: place.place,
				session: place.session,
				public_key: publicKey,
				token_hash: hash,
				created_at: clock.now(),
			})
			.execute();
		return made;
	});
	return { seat, session: place.session, token };
}

/** /api/places, /api/deletion-requests: what participants use. */
export function placeRoutes(app: FastifyInstance, context: Context): void {
	const { store, clock, history, hub } = context;
	app.get('/places/:place', async (request) => {
		const { place: id } = parse(Params, request.params);
		const place = await readPlace(context, id);
		if (place.state !== 'ended') await addLinkOpened(context, place);
		return place;
	});
	app.post('/places/:place/claims', async (request, reply) => {
		const { place: id } = parse(Params, request.params);
		const { publicKey, signature } = bodyOf(NewClaim, request);
		const place = await readPlace(context, id);
		if (place.state === 'ended') throw new ServerError('session-ended');
		const message = Buffer.from(id);
		if (!verifySignature({ publicKey, context: 'sotto/claim/v1', message, signature }))
			throw new ServerError('forbidden');
		return reply.code(201).send(await claim(context, place, publicKey));
	});
	app.post('/deletion-requests', async (request, reply) => {
		const claimant = await claimantOf(context, request);
		const { request: signed } = bodyOf(NewDeletionRequest, request);
		if (!verifySigned(claimant.publicKey, 'sotto/deletion-request/v1', signed))
			throw new ServerError('forbidden');
		const content = JSON.stringify(signed);
		await store.transaction().execute(async (db) => {
			await db
				.insertInto('deletion_requests')
				.values({ session: claimant.session, place: claimant.place, at: clock.now(), content })
				.onConflict((it) =>
					it.columns(['session', 'place']).doUpdateSet({ at: clock.now(), content }),
				)
				.execute();
			const { place: who, session } = claimant;
			await history.add(db, { act: 'deletion-asked', who, session });
			await addWishToDelete(context, db, { session, place: who, content });
		});
		hub.changed('recordings');
		return reply.code(204).send();
	});
}
