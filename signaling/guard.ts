import type { FastifyRequest } from 'fastify';
import type { TokenHolder } from './account/tokens.ts';
import type { Context } from './context.ts';
import { ServerError } from './errors.ts';
import type { Role, Scope } from './protocol/account.ts';
import { limits } from './protocol/limits.ts';
import { tokenHash } from './random.ts';
import { checkRole } from './rules.ts';
import { prepared } from './store/prepared.ts';

/** A participant's token still speaks for her this long after the session, to ask for deletion. */
const afterSessionMs = 24 * 60 * 60_000;

export interface Staff extends TokenHolder {
	role: Role;
}

export interface Claimant {
	seat: string;
	place: string;
	session: string;
	publicKey: string;
	ended: boolean;
}

const deviceOf = prepared((db) =>
	db
		.selectFrom('devices')
		.innerJoin('members', 'members.id', 'devices.member')
		.select(['devices.half', 'devices.active_at', 'members.role'])
		.where('devices.id', '=', '')
		.where('members.active', '=', 1),
);
const claimOf = prepared((db) =>
	db
		.selectFrom('claims')
		.innerJoin('sessions', 'sessions.id', 'claims.session')
		.select([
			'claims.seat',
			'claims.place',
			'claims.session',
			'claims.public_key',
			'sessions.ended_at',
		])
		.where('claims.token_hash', '=', ''),
);

const presenceDeviceOf = prepared((db) =>
	db
		.selectFrom('presence_devices')
		.innerJoin('members', 'members.id', 'presence_devices.member')
		.select('members.role')
		.where('presence_devices.id', '=', '')
		.where('members.active', '=', 1),
);

function bearer(request: FastifyRequest): string {
	const [scheme, token] = (request.headers.authorization ?? '').split(' ');
	if (scheme !== 'Bearer' || !token || token.length > 64) throw new ServerError('token');
	return token;
}

/**
 * The member behind a token of one of these scopes, `staff` where none are named. `evenIdle` is for what a
 * recorder does without anybody touching the page; an extension knows no idle limit, as it opens nothing.
 * Throws `token`, `origin` (another page's token), `locked` (idle too long), `forbidden` (scope).
 */
export async function staffByToken(
	context: Context,
	options: {
		token: string;
		origin: string | undefined;
		scopes?: readonly Scope[];
		evenIdle?: boolean;
	},
): Promise<Staff> {
	const holder = context.tokens.holder(options.token);
	if (!holder) throw new ServerError('token');
	if (options.origin !== undefined && options.origin !== holder.origin)
		throw new ServerError('origin');
	if (!(options.scopes ?? ['staff']).includes(holder.scope)) throw new ServerError('forbidden');
	if (holder.scope === 'presence') {
		const [listed] = (await presenceDeviceOf(context.store, holder.device, 1)).rows;
		if (!listed) throw new ServerError('token');
		return { ...holder, role: listed.role };
	}
	const [row] = (await deviceOf(context.store, holder.device, 1)).rows;
	if (!row) throw new ServerError('token');
	const idle = context.clock.now() - row.active_at >= context.settings.idleMs;
	if ((row.half === null || idle) && !options.evenIdle) throw new ServerError('locked');
	return { ...holder, role: row.role };
}

/** The member who asks. Throws as `staffByToken`, and `forbidden` when her role may not ask this. */
export async function staffOf(
	context: Context,
	request: FastifyRequest,
	options: { evenIdle?: boolean; scopes?: readonly Scope[] } = {},
): Promise<Staff> {
	const staff = await staffByToken(context, {
		token: bearer(request),
		origin: request.headers.origin,
		...options,
	});
	checkRole(request, staff.role);
	return staff;
}

/** The participant behind a place's token. Throws `token`. */
export async function claimantByToken(context: Context, token: string): Promise<Claimant> {
	const [row] = (await claimOf(context.store, tokenHash(token))).rows;
	if (!row) throw new ServerError('token');
	const { ended_at: endedAt } = row;
	if (endedAt !== null && context.clock.now() - endedAt > afterSessionMs)
		throw new ServerError('token');
	return {
		seat: row.seat,
		place: row.place,
		session: row.session,
		publicKey: row.public_key,
		ended: endedAt !== null,
	};
}

export async function claimantOf(context: Context, request: FastifyRequest): Promise<Claimant> {
	return claimantByToken(context, bearer(request));
}

/** Anybody with a token of either kind. Throws `token`. */
export async function anybodyOf(context: Context, request: FastifyRequest): Promise<void> {
	const token = bearer(request);
	if (context.tokens.holder(token)) await staffOf(context, request, { evenIdle: true });
	else await claimantByToken(context, token);
}

/** As `anybodyOf`, and a paired extension too. Throws as `staffOf`. */
export async function everyoneOf(context: Context, request: FastifyRequest): Promise<void> {
	const token = bearer(request);
	if (context.tokens.holder(token))
		await staffOf(context, request, { evenIdle: true, scopes: ['staff', 'presence'] });
	else await claimantByToken(context, token);
}

/** Tries of a password, a recovery key or the setup token from one address within `limits.tryWindowMs`. */
const triesPerAddress = 60;

/** Counts a try of something that can be guessed. Throws `too-many-tries`. */
export function countTry(context: Context, request: FastifyRequest, account?: string): void {
	const { tries } = context;
	const windowMs = limits.tryWindowMs;
	tries.count(`address ${request.ip}`, { max: triesPerAddress, windowMs });
	if (account !== undefined)
		tries.count(`account ${account}`, { max: limits.loginTries, windowMs });
}
