import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as v from 'valibot';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { staffOf } from '../guard.ts';
import { bodyOf, parse, stored } from '../parse.ts';
import {
	BrowserAsk,
	BrowserFind,
	BrowserLetIn,
	type BrowserLook,
	BrowserMeet,
	BrowserSecret,
	type BrowserSeen,
	BrowserShow,
	BrowserText,
} from '../protocol/browsers.ts';
import { limits } from '../protocol/limits.ts';
import { Id, PublicIdentity } from '../protocol/text.ts';
import { verifySigned } from '../signature.ts';
import { type Answerer, type Asked, AskedBrowsers } from './asked.ts';
import { letIn } from './enter.ts';
import { practiceOf } from './members.ts';
import { demandProof } from './unlockers.ts';

/** Requests from one address, and codes that one member may try, within `limits.tryWindowMs`. */
const asksMax = 20;
const codesMax = 10;

const Params = v.object({ id: Id });

const idOf = (request: FastifyRequest): string => parse(Params, request.params).id;

async function identityOf({ store }: Context, member: string): Promise<string> {
	const row = await store
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', member)
		.executeTakeFirstOrThrow();
	return stored(PublicIdentity, row.public_identity).ed25519;
}

/** What the browser that asks may know by now. */
async function lookAt(context: Context, { step }: Asked): Promise<BrowserLook> {
	switch (step.state) {
		case 'met': {
			const { member } = step.by;
			const { id: practice } = await practiceOf(context.store);
			const identity = await identityOf(context, member);
			return { state: 'met', member, practice, identity, nonce: step.nonce };
		}
		case 'let-in':
			return { state: 'let-in', ...step.letIn };
		case 'refused':
			return { state: 'refused' };
		case 'entered':
			throw new ServerError('gone');
		default:
			return { state: 'waiting' };
	}
}

/** Throws `gone` when the browser that let it in was signed out meanwhile. */
async function demandOpen({ store }: Context, { member, device }: Answerer): Promise<void> {
	const row = await store
		.selectFrom('devices')
		.select('id')
		.where('id', '=', device)
		.where('member', '=', member)
		.executeTakeFirst();
	if (!row) throw new ServerError('gone');
}

/** What a browser asks that is no one's yet. */
function askingRoutes(app: FastifyInstance, context: Context, browsers: AskedBrowsers): void {
	const ofSecret = (request: FastifyRequest): Asked => {
		const { secret } = bodyOf(BrowserSecret, request);
		return browsers.asked(idOf(request), secret);
	};
	app.post('/browsers', async (request) => {
		const { commitment } = bodyOf(BrowserAsk, request);
		const windowMs = limits.tryWindowMs;
		context.tries.count(`browsers ${request.ip}`, { max: asksMax, windowMs });
		const asked = browsers.ask(commitment);
		const { id, code, secret } = asked;
		return { request: id, code, secret, expiresInMs: browsers.remainingMs(asked) };
	});
	app.post('/browsers/:id/look', async (request) => lookAt(context, ofSecret(request)));
	app.post('/browsers/:id/show', async (request, reply) => {
		const { secret, asking } = bodyOf(BrowserShow, request);
		const asked = browsers.asked(idOf(request), secret);
		const { step } = asked;
		if (step.state !== 'met') throw new ServerError('conflict');
		asked.step = { state: 'shown', by: step.by, asking };
		return reply.code(204).send();
	});
	app.post('/browsers/:id/enter', async (request) => {
		const asked = ofSecret(request);
		const { step } = asked;
		if (step.state !== 'let-in') throw new ServerError('conflict');
		const { by } = step;
		// Before anything is waited for: it is good once.
		asked.step = { state: 'refused', by };
		await demandOpen(context, by);
		const { publicKey, name } = step.asking;
		const device = { publicKey, name };
		const answer = await letIn(context, { member: by.member, device, way: 'browser' });
		asked.step = { state: 'entered', by };
		return answer;
	});
	app.post('/browsers/:id/cancel', async (request, reply) => {
		browsers.forget(ofSecret(request));
		return reply.code(204).send();
	});
}

function seenOf({ step }: Asked): BrowserSeen {
	switch (step.state) {
		case 'shown':
			return { state: 'shown', asking: step.asking };
		case 'let-in':
		case 'entered':
			return { state: step.state };
		case 'refused':
			throw new ServerError('gone');
		default:
			return { state: 'met' };
	}
}

/** Throws `bad-request` unless this member signed exactly what she lets in. */
async function demandSigned(
	context: Context,
	options: { member: string; request: string; publicKey: string; letIn: BrowserLetIn },
): Promise<void> {
	const { member, request, publicKey, letIn: given } = options;
	const { sealed, signed } = given;
	if (!verifySigned(await identityOf(context, member), 'sotto/browser/v1', signed))
		throw new ServerError('bad-request');
	const said = textOf(signed.text);
	const hash = createHash('sha256').update(Buffer.from(sealed, 'base64url')).digest('base64url');
	const fits =
		said.member === member &&
		said.request === request &&
		said.publicKey === publicKey &&
		said.sealed === hash;
	if (!fits) throw new ServerError('bad-request');
}

function textOf(text: string): v.InferOutput<typeof BrowserText> {
	try {
		return parse(BrowserText, JSON.parse(text));
	} catch (cause) {
		throw new ServerError('bad-request', { cause });
	}
}

/** What the member's open browser answers. */
function openRoutes(app: FastifyInstance, context: Context, browsers: AskedBrowsers): void {
	const { tokens, tries } = context;
	app.post('/account/browsers', async (request) => {
		const by = await staffOf(context, request);
		const { code } = bodyOf(BrowserFind, request);
		demandProof(context, by.device);
		const windowMs = limits.tryWindowMs;
		tries.count(`browser codes ${by.member}`, { max: codesMax, windowMs });
		const asked = browsers.find(code, { member: by.member, device: by.device });
		const { id, commitment } = asked;
		return { request: id, commitment, expiresInMs: browsers.remainingMs(asked) };
	});
	app.post('/account/browsers/:id/meet', async (request, reply) => {
		const by = await staffOf(context, request);
		const { nonce } = bodyOf(BrowserMeet, request);
		const asked = browsers.answered(idOf(request), by);
		const { step } = asked;
		if (step.state !== 'found') throw new ServerError('conflict');
		asked.step = { state: 'met', by: step.by, nonce };
		return reply.code(204).send();
	});
	app.get('/account/browsers/:id', async (request) => {
		const by = await staffOf(context, request);
		return seenOf(browsers.answered(idOf(request), by));
	});
	app.post('/account/browsers/:id/let-in', async (request, reply) => {
		const by = await staffOf(context, request);
		const given = bodyOf(BrowserLetIn, request);
		demandProof(context, by.device);
		const asked = browsers.answered(idOf(request), by);
		const { step } = asked;
		if (step.state !== 'shown') throw new ServerError('conflict');
		const { publicKey } = step.asking;
		const { member } = by;
		await demandSigned(context, { member, request: asked.id, publicKey, letIn: given });
		// She may have said no in another tab while her signature was looked at.
		if (asked.step !== step) throw new ServerError('conflict');
		demandProof(context, by.device);
		asked.step = { state: 'let-in', by: step.by, asking: step.asking, letIn: given };
		tokens.spend(by.device);
		return reply.code(204).send();
	});
	app.delete('/account/browsers/:id', async (request, reply) => {
		const by = await staffOf(context, request);
		const asked = browsers.answered(idOf(request), by);
		const { step } = asked;
		if (step.state === 'waiting' || step.state === 'entered') throw new ServerError('gone');
		asked.step = { state: 'refused', by: step.by };
		return reply.code(204).send();
	});
}

/** /api/browsers, /api/account/browsers: a browser is let in by another one of the same member. */
export function browserRoutes(app: FastifyInstance, context: Context): void {
	const browsers = new AskedBrowsers(context.clock);
	askingRoutes(app, context, browsers);
	openRoutes(app, context, browsers);
}
