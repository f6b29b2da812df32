import type { FastifyInstance } from 'fastify';
import type * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { Expiring } from '../expiring.ts';
import { countTry, staffOf } from '../guard.ts';
import { bodyOf, stored } from '../parse.ts';
import {
	Account,
	type Config,
	LoginFinish,
	LoginStart,
	PasswordStart,
	RecoveryFinish,
	RecoveryStart,
	SetupFinish,
	SetupStart,
	type SignedIn,
} from '../protocol/account.ts';
import { PasswordFinish } from '../protocol/unlockers.ts';
import { protocolVersion } from '../protocol/version.ts';
import { newId, newSecret } from '../random.ts';
import { verifySignature, verifySigned } from '../signature.ts';
import type { MemberRow } from '../store/tables.ts';
import { openDevice } from './devices.ts';
import { letIn } from './enter.ts';
import { browserRoutes } from './browser-routes.ts';
import { memberByEmail, readPractice, signedIn } from './members.ts';
import { passkeyRoutes } from './passkeys.ts';
import { rotationRoutes } from './rotation.ts';
import { demandProof, replacePassword, unlockerRoutes } from './unlockers.ts';
import { withdrawRotation } from './waiting.ts';

/** A login or recovery that was begun must be finished within this time. */
const beginningMs = 60_000;
const beginningsMax = 10_000;

function configRoute(app: FastifyInstance, context: Context): void {
	app.get('/config', async (): Promise<v.InferOutput<typeof Config>> => {
		const practice = await readPractice(context.store);
		return {
			version: protocolVersion,
			ready: practice !== undefined,
			practice: practice?.name ?? null,
			serverKey: context.opaque.publicKey,
			relay: context.config.turn !== undefined,
			idleMs: context.settings.idleMs,
			extensions: [...context.config.extensions],
		};
	});
}

function setupRoutes(app: FastifyInstance, context: Context): void {
	const { setup, opaque, store, settings, clock, history } = context;
	app.post('/setup/start', async (request) => {
		const { token, email, registrationRequest } = bodyOf(SetupStart, request);
		countTry(context, request);
		setup.check(token);
		const registrationResponse = opaque.register(email, registrationRequest);
		setup.begin(email);
		return { registrationResponse, serverKey: opaque.publicKey };
	});
	app.post('/setup/finish', async (request): Promise<SignedIn> => {
		const body = bodyOf(SetupFinish, request);
		countTry(context, request);
		setup.check(body.token);
		const { practice, member } = body;
		if (member.role !== 'admin' || !setup.begunWith(member.email))
			throw new ServerError('bad-request');
		if (!verifySigned(practice.publicKey, 'sotto/member-list/v1', practice.memberList))
			throw new ServerError('bad-request');
		const { answer, after } = await store.transaction().execute(async (db) => {
			if (await readPractice(db)) throw new ServerError('conflict');
			await db
				.insertInto('practice')
				.values({
					id: practice.id,
					name: practice.name,
					public_key: practice.publicKey,
					records: JSON.stringify(practice.records),
					member_list: JSON.stringify(practice.memberList),
					settings: null,
					created_at: clock.now(),
				})
				.execute();
			await db
				.insertInto('members')
				.values({
					id: member.id,
					email: member.email,
					name: member.name,
					role: member.role,
					public_identity: JSON.stringify(member.publicIdentity),
					opaque_record: body.registrationRecord,
					account: JSON.stringify(body.account),
					active: 1,
					keys: null,
					created_at: clock.now(),
				})
				.execute();
			const { policy } = body;
			const kept =
				policy && (await settings.found(db, { name: practice.name, policy, author: member.id }));
			const { idleMs } = await settings.read(db);
			const { device } = body;
			const way = 'password';
			const opened = await openDevice(db, { member: member.id, device, way, clock });
			await history.add(db, { act: 'set-up', who: member.id });
			return { answer: await signedIn(db, { member: member.id, opened, idleMs }), after: kept };
		});
		after?.();
		setup.burn();
		return answer;
	});
}

function loginRoutes(app: FastifyInstance, context: Context): void {
	const { opaque, store, tries, clock } = context;
	const logins = new Expiring<{
		email: string;
		row: Pick<MemberRow, 'id' | 'opaque_record'> | undefined;
		state: string;
	}>({
		clock,
		lifeMs: beginningMs,
		max: beginningsMax,
	});
	app.post('/login/start', async (request) => {
		const { email, startLoginRequest } = bodyOf(LoginStart, request);
		countTry(context, request, email);
		const row = await memberByEmail(store, email);
		const record = row?.opaque_record;
		const { serverLoginState, loginResponse } = opaque.startLogin({
			email,
			record,
			startLoginRequest,
		});
		const login = newId();
		const known = row && { id: row.id, opaque_record: row.opaque_record };
		logins.set(login, { email, row: known, state: serverLoginState });
		return { login, loginResponse };
	});
	app.post('/login/finish', async (request) => {
		const { login, finishLoginRequest, device } = bodyOf(LoginFinish, request);
		const begun = logins.take(login);
		if (!begun) throw new ServerError('login-failed');
		opaque.finishLogin(begun.state, finishLoginRequest);
		if (!begun.row) throw new ServerError('login-failed');
		tries.forgive(`account ${begun.email}`);
		// It may have another password since this was begun.
		const { id: member, opaque_record } = begun.row;
		return letIn(context, { member, device, way: 'password', against: { opaque_record } });
	});
}

function recoveryRoutes(app: FastifyInstance, context: Context): void {
	const { store, tries, clock } = context;
	const recoveries = new Expiring<{ email: string; nonce: string }>({
		clock,
		lifeMs: beginningMs,
		max: beginningsMax,
	});
	/** Whoever has no account is checked against a key that nobody holds, in the same time. */
	const nobody = Buffer.alloc(32, 1).toString('base64url');
	app.post('/recovery/start', async (request) => {
		const { email } = bodyOf(RecoveryStart, request);
		countTry(context, request, email);
		const recovery = newId();
		const nonce = newSecret();
		recoveries.set(recovery, { email, nonce });
		return { recovery, nonce };
	});
	app.post('/recovery/finish', async (request) => {
		const { recovery, signature, device } = bodyOf(RecoveryFinish, request);
		const begun = recoveries.take(recovery);
		if (!begun) throw new ServerError('login-failed');
		const { email, nonce } = begun;
		const row = await memberByEmail(store, email);
		const message = Buffer.concat([Buffer.from(nonce, 'base64url'), Buffer.from(email)]);
		const keys = row ? recoveryKeys(row.account) : [nobody];
		const signed = keys.some((publicKey) =>
			verifySignature({ publicKey, context: 'sotto/recovery/v1', message, signature }),
		);
		if (!row || !signed) throw new ServerError('login-failed');
		tries.forgive(`account ${email}`);
		const { id: member, account } = row;
		return letIn(context, { member, device, way: 'recovery', against: { account } });
	});
}

function recoveryKeys(account: string): string[] {
	return stored(Account, account).unlockers.flatMap(({ kind, publicKey }) =>
		kind === 'recovery' && publicKey !== undefined ? [publicKey] : [],
	);
}

function passwordRoutes(app: FastifyInstance, context: Context): void {
	const { store, opaque, history, tokens } = context;
	app.post('/password/start', async (request) => {
		const { member } = await staffOf(context, request);
		const { registrationRequest } = bodyOf(PasswordStart, request);
		const row = await store
			.selectFrom('members')
			.select('email')
			.where('id', '=', member)
			.executeTakeFirstOrThrow();
		return { registrationResponse: opaque.register(row.email, registrationRequest) };
	});
	app.post('/password/finish', async (request, reply) => {
		const { member, device } = await staffOf(context, request);
		const { registrationRecord, signed } = bodyOf(PasswordFinish, request);
		demandProof(context, device);
		await store.transaction().execute(async (db) => {
			await replacePassword(db, { member, signed, registrationRecord });
			await history.add(db, { act: 'password-changed', who: member });
			await withdrawRotation(context, db, member);
		});
		tokens.spend(device);
		return reply.code(204).send();
	});
}

/** /api/config, setup, login, recovery, password, passkey, unlockers, devices, browsers, rotation. */
export function accountRoutes(app: FastifyInstance, context: Context): void {
	configRoute(app, context);
	setupRoutes(app, context);
	loginRoutes(app, context);
	recoveryRoutes(app, context);
	passwordRoutes(app, context);
	passkeyRoutes(app, context);
	unlockerRoutes(app, context);
	browserRoutes(app, context);
	rotationRoutes(app, context);
}
