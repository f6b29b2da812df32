import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { practiceOf } from '../account/members.ts';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { identityHash } from '../fingerprint.ts';
import { countTry } from '../guard.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import {
	ShareCheck,
	type ShareCodeSent,
	ShareDevice,
	type ShareDeviceKept,
	type ShareFace,
	shareCodeMs,
	WordsFinish,
	WordsStart,
} from '../protocol/shares.ts';
import { Count, Id, PublicIdentity } from '../protocol/text.ts';
import { sendObject } from '../recording/send.ts';
import { ShareCodes } from './codes.ts';
import { type Given, giveTo, ShareWords } from './open.ts';
import { openShare, shareRow, stateNow, tracksOf } from './rows.ts';
import { type ShareHolder, ShareTokens } from './tokens.ts';

const Params = v.object({ id: Id });
const TryParams = v.object({ id: Id, try: Id });
const number = v.pipe(v.string(), v.regex(/^\d{1,10}$/), v.transform(Number), Count);
const ObjectParams = v.object({ id: Id, track: Id, part: number });
const Nothing = v.strictObject({});

/** Whoever holds a token of just this share; `token` for everybody else, so that ids tell nothing. */
function holderOf(tokens: ShareTokens, request: FastifyRequest): ShareHolder {
	const [scheme, token] = (request.headers.authorization ?? '').split(' ');
	if (scheme !== 'Bearer' || !token || token.length > 64) throw new ServerError('token');
	const holder = tokens.holder(token);
	const { success, output } = v.safeParse(Params, request.params);
	if (!holder || !success || holder.share !== output.id) throw new ServerError('token');
	return holder;
}

function phoneRoutes(app: FastifyInstance, context: Context, tokens: ShareTokens): void {
	const { store, clock, hub, opaque } = context;
	const codes = new ShareCodes(context);
	// Without effect: scanners in mail systems open every link.
	app.get('/shares/:id', async (request): Promise<ShareFace> => {
		const { id } = parse(Params, request.params);
		const row = await shareRow(store, id);
		const { name, public_identity: identity } = await store
			.selectFrom('members')
			.select(['name', 'public_identity'])
			.where('id', '=', row.sharer)
			.executeTakeFirstOrThrow();
		return {
			way: row.way,
			state: stateNow(row, clock.now()),
			expiresAt: row.expires_at,
			practice: (await practiceOf(store)).name,
			sharer: name,
			sharerIdentity: identityHash(stored(PublicIdentity, identity)),
			mobileEnd: row.mobile?.slice(-2) ?? null,
			serverKey: opaque.publicKey,
		};
	});
	app.post('/shares/:id/code', async (request): Promise<v.InferOutput<typeof ShareCodeSent>> => {
		const { id } = parse(Params, request.params);
		bodyOf(Nothing, request);
		countTry(context, request);
		await codes.send(id);
		hub.changed('recordings');
		return { validMs: shareCodeMs };
	});
	app.post('/shares/:id/check', async (request) => {
		const { id } = parse(Params, request.params);
		const { code } = bodyOf(ShareCheck, request);
		countTry(context, request);
		await codes.check(id, code);
		return { token: tokens.issue(id) };
	});
}

function wordsRoutes(app: FastifyInstance, context: Context, tokens: ShareTokens): void {
	const words = new ShareWords(context);
	app.post('/shares/:id/words', async (request) => {
		const holder = holderOf(tokens, request);
		const { startLoginRequest } = bodyOf(WordsStart, request);
		return words.start(holder, startLoginRequest);
	});
	app.post('/shares/:id/words/:try', async (request): Promise<Given> => {
		const holder = holderOf(tokens, request);
		const { try: id } = parse(TryParams, request.params);
		const { finishLoginRequest } = bodyOf(WordsFinish, request);
		const given = await words.finish(holder, { try: id, finishLoginRequest });
		context.hub.changed('recordings');
		return given;
	});
}

/** Keeps the key of a browser that asks; says whether it may open already. */
async function keepDevice(
	context: Context,
	holder: ShareHolder,
	device: ShareDevice,
): Promise<ShareDeviceKept> {
	const { store, clock } = context;
	const hash = identityHash(device.identity);
	return store.transaction().execute(async (db) => {
		const row = await openShare(context, db, holder.share);
		const same = row.device_hash === hash;
		if (row.way !== 'device' || (row.approved === 1 && !same)) throw new ServerError('conflict');
		if (!same)
			await db
				.updateTable('shares')
				.set({ device: JSON.stringify(device), device_hash: hash, device_at: clock.now() })
				.where('id', '=', row.id)
				.execute();
		const sharer = await db
			.selectFrom('members')
			.select('public_identity')
			.where('id', '=', row.sharer)
			.executeTakeFirstOrThrow();
		const { ed25519: now } = stored(PublicIdentity, sharer.public_identity);
		// What she sealed for this device she signed with the key that she had then.
		const key = row.approved_key ?? now;
		holder.device = hash;
		return {
			recording: row.recording,
			expiresAt: row.expires_at,
			sharer: { id: row.sharer, key },
			approved: same && row.approved === 1,
		};
	});
}

function keyRoutes(app: FastifyInstance, context: Context, tokens: ShareTokens): void {
	const { store, hub } = context;
	app.put('/shares/:id/key', async (request): Promise<ShareDeviceKept> => {
		const holder = holderOf(tokens, request);
		const kept = await keepDevice(context, holder, bodyOf(ShareDevice, request));
		hub.changed('recordings');
		return kept;
	});
	app.get('/shares/:id/key', async (request) => {
		const { share, device } = holderOf(tokens, request);
		const row = await openShare(context, store, share);
		const known = device !== undefined && row.device_hash === device;
		if (!known) return { state: 'refused' };
		return { state: row.approved === 1 ? 'approved' : 'waiting' };
	});
	app.post('/shares/:id/open', async (request): Promise<Given> => {
		const holder = holderOf(tokens, request);
		bodyOf(Nothing, request);
		const given = await giveTo(context, holder, async (db) => {
			const row = await openShare(context, db, holder.share);
			// The words are proven in another way.
			if (row.way === 'words') throw new ServerError('conflict');
			const mine = row.approved === 1 && row.device_hash === holder.device;
			if (row.way === 'device' && !mine) throw new ServerError('not-ready');
			return row;
		});
		hub.changed('recordings');
		return given;
	});
}

/** /api/shares/:id for recipients: a code proves the phone, then a key has to be there. */
export function recipientRoutes(app: FastifyInstance, context: Context): void {
	const { store } = context;
	const tokens = new ShareTokens(context.clock);
	phoneRoutes(app, context, tokens);
	wordsRoutes(app, context, tokens);
	keyRoutes(app, context, tokens);
	app.get('/shares/:id/objects/:track/:part', async (request, reply) => {
		const { share, opened, device } = holderOf(tokens, request);
		if (!opened) throw new ServerError('not-ready');
		const { track, part } = parse(ObjectParams, request.params);
		const row = await openShare(context, store, share);
		if (!tracksOf(row).includes(track)) throw new ServerError('not-found');
		const mine = row.approved === 1 && row.device_hash === device;
		if (row.way === 'device' && !mine) throw new ServerError('not-ready');
		const name = { recording: row.recording, track, part };
		return sendObject(context, name, { request, reply, ranged: true });
	});
}
