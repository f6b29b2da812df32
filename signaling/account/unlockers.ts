import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { FastifyInstance } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import type { Unlocker } from '../protocol/account.ts';
import { Way } from '../protocol/browsers.ts';
import { Id, PublicIdentity, type Signed } from '../protocol/text.ts';
import {
	DeviceOut,
	DeviceOutText,
	type Devices,
	NewUnlockers,
	UnlockersText,
	passkeysMax,
} from '../protocol/unlockers.ts';
import { verifySigned } from '../signature.ts';
import type { StoreTransaction } from '../store/database.ts';
import type { Act } from '../protocol/sessions.ts';
import { type Kept, changeAccount } from './change.ts';
import { withdrawRotation } from './waiting.ts';

const Params = v.object({ id: Id });

/** What this member signed. Throws `bad-request` when it is nothing of hers or nothing like this. */
async function saidBy<Said extends { member: string }>(
	db: StoreTransaction,
	schema: v.GenericSchema<unknown, Said>,
	{ member, signed }: { member: string; signed: Signed },
): Promise<Said> {
	const row = await db
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', member)
		.executeTakeFirstOrThrow();
	const { ed25519 } = stored(PublicIdentity, row.public_identity);
	if (!verifySigned(ed25519, 'sotto/unlockers/v1', signed)) throw new ServerError('bad-request');
	const said = textOf(schema, signed);
	if (said.member !== member) throw new ServerError('bad-request');
	return said;
}

function textOf<Said>(schema: v.GenericSchema<unknown, Said>, { text }: Signed): Said {
	try {
		return parse(schema, JSON.parse(text));
	} catch (cause) {
		throw new ServerError('bad-request', { cause });
	}
}

const of = (unlockers: readonly Unlocker[], kind: Unlocker['kind']): Unlocker[] =>
	unlockers.filter((one) => one.kind === kind);

const others = (unlockers: readonly Unlocker[]): Unlocker[] =>
	unlockers.filter(({ kind }) => kind !== 'password');

/** Throws `bad-request` unless a password that is as it was and a recovery key are left, and everything is whole. */
function checkUnlockers(next: readonly Unlocker[], kept: readonly Unlocker[]): void {
	const [password, ...more] = of(next, 'password');
	const [before] = of(kept, 'password');
	const [recovery, ...spare] = of(next, 'recovery');
	const passkeys = of(next, 'passkey');
	const whole =
		more.length === 0 &&
		spare.length === 0 &&
		password?.wrapped === before?.wrapped &&
		recovery?.publicKey !== undefined &&
		passkeys.length <= passkeysMax &&
		passkeys.every(({ publicKey, passkey }) => publicKey !== undefined && passkey !== undefined) &&
		new Set(next.map(({ id }) => id)).size === next.length;
	if (!whole) throw new ServerError('bad-request');
}

/** Throws `conflict` when others than these were changed. */
function checkFirst({ was }: UnlockersText, kept: readonly Unlocker[]): void {
	if (kept.map(({ id }) => id).join() !== was.join()) throw new ServerError('conflict');
}

/**
 * Throws `bad-request` unless the password alone is another one. Its id too: whoever keeps what was signed for an
 * earlier password cannot bring that back.
 */
function checkPassword(next: readonly Unlocker[], kept: readonly Unlocker[]): void {
	const [password, ...more] = of(next, 'password');
	const known = kept.some(({ id }) => id === password?.id);
	const whole = more.length === 0 && isDeepStrictEqual(others(next), others(kept));
	if (!password || known || !whole) throw new ServerError('bad-request');
}

/** What was done, as the history says it. */
function actsOf(
	next: readonly Unlocker[],
	kept: readonly Unlocker[],
): { act: Act; about: string }[] {
	const ids = new Set(kept.map(({ id }) => id));
	const left = new Set(next.map(({ id }) => id));
	const acts: { act: Act; about: string }[] = [];
	for (const { id, kind } of next)
		if (!ids.has(id))
			acts.push({
				act: kind === 'recovery' ? 'recovery-key-replaced' : 'unlocker-added',
				about: id,
			});
	for (const { id, kind } of kept)
		if (!left.has(id) && kind === 'passkey') acts.push({ act: 'unlocker-removed', about: id });
	return acts;
}

async function replace(
	db: StoreTransaction,
	{ member, signed }: { member: string; signed: Signed },
): Promise<{ act: Act; about: string }[]> {
	const said = await saidBy(db, UnlockersText, { member, signed });
	if (said.record !== undefined) throw new ServerError('bad-request');
	let acts: { act: Act; about: string }[] = [];
	await changeAccount(db, member, (account) => {
		const { unlockers } = account;
		checkFirst(said, unlockers);
		checkUnlockers(said.unlockers, unlockers);
		acts = actsOf(said.unlockers, unlockers);
		return { ...account, unlockers: said.unlockers };
	});
	return acts;
}

/**
 * Registers another password as the member signed it, with the wrap of the account key for it. Throws `bad-request`
 * when she did not sign this record or more than the password would change, `conflict` when somebody was first.
 */
export async function replacePassword(
	db: StoreTransaction,
	options: { member: string; signed: Signed; registrationRecord: string },
): Promise<void> {
	const { member, signed, registrationRecord } = options;
	const said = await saidBy(db, UnlockersText, { member, signed });
	const record = createHash('sha256').update(registrationRecord).digest('base64url');
	if (said.record !== record) throw new ServerError('bad-request');
	const change = (kept: Kept): Kept => {
		checkFirst(said, kept.unlockers);
		checkPassword(said.unlockers, kept.unlockers);
		return { ...kept, unlockers: said.unlockers };
	};
	await changeAccount(db, member, change, { opaque_record: registrationRecord });
}

/** Throws `locked` unless she entered at this device again: at a browser that was left open nobody changes a way in. */
export function demandProof({ tokens }: Context, device: string): void {
	if (!tokens.proved(device)) throw new ServerError('locked');
}

/** /api/account/unlockers, /api/account/devices: ways into an account, and where it is open. */
export function unlockerRoutes(app: FastifyInstance, context: Context): void {
	const { store, history, tokens, hub } = context;
	app.put('/account/unlockers', async (request, reply) => {
		const { member, device } = await staffOf(context, request);
		const { signed } = bodyOf(NewUnlockers, request);
		demandProof(context, device);
		await store.transaction().execute(async (db) => {
			for (const { act, about } of await replace(db, { member, signed }))
				await history.add(db, { act, who: member, about });
			await withdrawRotation(context, db, member);
		});
		tokens.spend(device);
		return reply.code(204).send();
	});
	app.get('/account/devices', async (request): Promise<Devices> => {
		const { member, device } = await staffOf(context, request);
		const rows = await store
			.selectFrom('devices')
			.select(['id', 'name', 'created_at', 'active_at', 'way'])
			.where('member', '=', member)
			.orderBy('active_at', 'desc')
			.execute();
		return {
			devices: rows.map((row) => ({
				id: row.id,
				name: row.name,
				createdAt: row.created_at,
				activeAt: row.active_at,
				current: row.id === device,
				way: row.way === null ? null : v.parse(Way, row.way),
			})),
		};
	});
	app.delete('/account/devices/:id', async (request, reply) => {
		const { member } = await staffOf(context, request);
		const { id } = parse(Params, request.params);
		const { signed } = bodyOf(DeviceOut, request);
		await store.transaction().execute(async (db) => {
			const said = await saidBy(db, DeviceOutText, { member, signed });
			if (said.removed !== id) throw new ServerError('bad-request');
			const { numDeletedRows } = await db
				.deleteFrom('devices')
				.where('id', '=', id)
				.where('member', '=', member)
				.executeTakeFirst();
			if (numDeletedRows === 0n) throw new ServerError('not-found');
			await history.add(db, { act: 'device-removed', who: member });
			await withdrawRotation(context, db, member);
		});
		tokens.revoke(id);
		hub.dropDevice(id, { evenInCall: true });
		return reply.code(204).send();
	});
}
