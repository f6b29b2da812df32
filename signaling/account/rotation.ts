import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import { Account } from '../protocol/account.ts';
import {
	DropFormer,
	DroppedText,
	NewRotation,
	type OwnRotation,
	RotationText,
	SignedRotation,
	type WaitingRotation,
	rotationMaxMs,
} from '../protocol/rotation.ts';
import { PublicIdentity, type Signed } from '../protocol/text.ts';
import { verifySigned } from '../signature.ts';
import type { StoreTransaction } from '../store/database.ts';
import { changeAccount } from './change.ts';
import { practiceOf } from './members.ts';
import { demandProof } from './unlockers.ts';
import { withdrawRotation } from './waiting.ts';

const context = 'sotto/key-rotation/v1';

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** The Ed25519 key that this member has now. */
export async function keyOf(db: StoreTransaction, member: string): Promise<string> {
	const row = await db
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', member)
		.executeTakeFirstOrThrow();
	return stored(PublicIdentity, row.public_identity).ed25519;
}

function said<S extends v.GenericSchema>(schema: S, { text }: Signed): v.InferOutput<S> {
	try {
		return parse(schema, JSON.parse(text));
	} catch (cause) {
		throw new ServerError('bad-request', { cause });
	}
}

/** What both keys signed. Throws `bad-request` when `from` is not its old key, or one of the two did not sign it. */
export function openRotation(
	{ text, signature, countersignature }: SignedRotation,
	from: string,
): v.InferOutput<typeof RotationText> {
	if (!verifySigned(from, context, { text, signature })) throw new ServerError('bad-request');
	const rotation = said(RotationText, { text, signature });
	const fits = rotation.from === from && rotation.to.ed25519 !== from;
	if (!fits || !verifySigned(rotation.to.ed25519, context, { text, signature: countersignature }))
		throw new ServerError('bad-request');
	return rotation;
}

/** Throws `bad-request` unless a password and a recovery key open the account, and nothing else does. */
function checkAccount(text: string): void {
	const { unlockers, former } = said(Account, { text, signature: '' });
	const [password, recovery] = ['password', 'recovery'].map((kind) =>
		unlockers.find((one) => one.kind === kind),
	);
	const whole =
		unlockers.length === 2 && password && recovery?.publicKey !== undefined && former !== undefined;
	if (!whole) throw new ServerError('bad-request');
}

/** Throws `conflict` while another one of hers waits: nobody puts her own in its place unseen. */
async function demandNone(
	db: StoreTransaction,
	{ member, now }: { member: string; now: number },
): Promise<void> {
	const own = await db
		.selectFrom('rotations')
		.select('expires_at')
		.where('member', '=', member)
		.executeTakeFirst();
	if (own && own.expires_at > now) throw new ServerError('conflict');
	await db.deleteFrom('rotations').where('member', '=', member).execute();
}

async function ask(
	{ clock, history }: Context,
	db: StoreTransaction,
	{
		member,
		device,
		asked,
	}: { member: string; device: string; asked: v.InferOutput<typeof NewRotation> },
): Promise<void> {
	const { rotation, account, registrationRecord } = asked;
	const wanted = openRotation(rotation, await keyOf(db, member));
	const now = clock.now();
	const fits =
		wanted.member === member &&
		wanted.practice === (await practiceOf(db)).id &&
		wanted.account === hash(account) &&
		wanted.record === hash(registrationRecord) &&
		wanted.expiresAt > now &&
		wanted.expiresAt <= now + rotationMaxMs;
	if (!fits) throw new ServerError('bad-request');
	checkAccount(account);
	await demandNone(db, { member, now });
	const browser = await db
		.selectFrom('devices')
		.select('name')
		.where('id', '=', device)
		.executeTakeFirstOrThrow();
	await db
		.insertInto('rotations')
		.values({
			member,
			rotation: JSON.stringify(rotation),
			registration_record: registrationRecord,
			account,
			expires_at: wanted.expiresAt,
			asked_at: now,
			browser: browser.name,
		})
		.execute();
	await history.add(db, { act: 'keys-asked', who: member, about: device });
}

/** The old keys go from what the server keeps. */
async function drop(
	{ history }: Context,
	db: StoreTransaction,
	{ member, signed }: { member: string; signed: Signed },
): Promise<void> {
	if (!verifySigned(await keyOf(db, member), context, signed)) throw new ServerError('bad-request');
	const { member: whose, dropped } = said(DroppedText, signed);
	if (whose !== member) throw new ServerError('bad-request');
	await changeAccount(db, member, ({ former, ...account }) => {
		if (former === undefined || hash(former) !== dropped) throw new ServerError('conflict');
		return account;
	});
	await history.add(db, { act: 'keys-rotated', who: member });
}

/** Who waits for her new keys. */
export async function waitingRotations({ store, clock }: Context): Promise<WaitingRotation[]> {
	const rows = await store
		.selectFrom('rotations')
		.innerJoin('members', 'members.id', 'rotations.member')
		.select(['rotations.member', 'rotations.rotation'])
		.where('rotations.expires_at', '>', clock.now())
		.where('members.active', '=', 1)
		.orderBy('rotations.member')
		.execute();
	return rows.map(({ member, rotation }) => ({
		member,
		rotation: stored(SignedRotation, rotation),
	}));
}

/** /api/account/rotation, /api/account/former: a member replaces her own keys. */
export function rotationRoutes(app: FastifyInstance, server: Context): void {
	const { store, clock, tokens, hub } = server;
	app.get('/account/rotation', async (request): Promise<v.InferOutput<typeof OwnRotation>> => {
		const { member } = await staffOf(server, request);
		const row = await store
			.selectFrom('rotations')
			.select(['expires_at', 'asked_at', 'browser'])
			.where('member', '=', member)
			.where('expires_at', '>', clock.now())
			.executeTakeFirst();
		const { expires_at = null, asked_at = null, browser = null } = row ?? {};
		return { waitsUntil: expires_at, askedAt: asked_at, browser };
	});
	app.post('/account/rotation', async (request, reply) => {
		const { member, device } = await staffOf(server, request);
		const asked = bodyOf(NewRotation, request);
		demandProof(server, device);
		await store.transaction().execute((db) => ask(server, db, { member, device, asked }));
		tokens.spend(device);
		hub.changed('members');
		return reply.code(204).send();
	});
	app.delete('/account/rotation', async (request, reply) => {
		const { member } = await staffOf(server, request);
		await store.transaction().execute((db) => withdrawRotation(server, db, member));
		hub.changed('members');
		return reply.code(204).send();
	});
	app.delete('/account/former', async (request, reply) => {
		const { member } = await staffOf(server, request);
		const { signed } = bodyOf(DropFormer, request);
		await store.transaction().execute((db) => drop(server, db, { member, signed }));
		return reply.code(204).send();
	});
}
