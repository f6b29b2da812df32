import { mkdir } from 'node:fs/promises';
import rateLimit from '@fastify/rate-limit';
import { fastify, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import * as v from 'valibot';
import { deviceRoutes } from './account/device-routes.ts';
import { practiceRoutes } from './account/practice.ts';
import { lockIdle } from './account/devices.ts';
import { Opaque } from './account/opaque.ts';
import { accountRoutes } from './account/routes.ts';
import { sweepRotations } from './account/waiting.ts';
import { SetupToken } from './account/setup.ts';
import { Tokens } from './account/tokens.ts';
import { type Clock, systemClock } from './clock.ts';
import { Codes } from './code/codes.ts';
import { codeRoutes } from './code/routes.ts';
import type { Config } from './config.ts';
import type { Context } from './context.ts';
import { copyRoutes } from './copies/routes.ts';
import { asServerError, ServerError } from './errors.ts';
import { History } from './history/history.ts';
import { LogKey } from './history/key.ts';
import { Ledger } from './history/ledger.ts';
import { historyRoutes } from './history/routes.ts';
import { createLog, type LogStream, loggerOptions } from './log.ts';
import { guardOrigins, ownOrigins, printedOrigin } from './origin.ts';
import { secureHeaders, servePages } from './pages.ts';
import { type ErrorBody, ErrorCode } from './protocol/errors.ts';
import { limits } from './protocol/limits.ts';
import { peopleRoutes } from './people/routes.ts';
import { Settings } from './people/settings.ts';
import { presenceRoutes } from './presence/routes.ts';
import { Post } from './post/post.ts';
import { postRoutes } from './post/routes.ts';
import { scrub, settleDeletions } from './recording/deletion.ts';
import { Objects } from './recording/objects.ts';
import { Presence } from './recording/presence.ts';
import { sweepDerivatives } from './recording/derivatives.ts';
import { sweepRevisions } from './recording/revisions.ts';
import { recordingRoutes } from './recording/routes.ts';
import { requestRoutes } from './request/routes.ts';
import { disclosureRoutes } from './request/disclosures.ts';
import { Tombstones } from './recording/tombstones.ts';
import { retentionRoutes } from './retention/routes.ts';
import { enforceRetention, retentionSweepMs } from './retention/sweep.ts';
import { endForgotten } from './room/acts.ts';
import { Hub } from './room/hub.ts';
import { markAbsent } from './room/absent.ts';
import { acceptSockets } from './room/upgrade.ts';
import { iceRoutes } from './session/ice.ts';
import { Ready } from './ready/ready.ts';
import { wishRoutes } from './ready/routes.ts';
import { ShareKeeper } from './share/keeper.ts';
import { refuseSpoilt, shareRoutes } from './share/routes.ts';
import { placeRoutes } from './session/places.ts';
import { sessionChangeRoutes } from './session/changes.ts';
import { digestPageRoutes } from './session/pages.ts';
import { sessionRoutes } from './session/sessions.ts';
import { visitRoutes } from './session/visits.ts';
import { openStore } from './store/database.ts';
import { Tries } from './tries.ts';

/** Requests to the API from one address in a minute with a token: a recorder alone sends some hundreds. */
const requestsPerMinute = 6000;
/** Requests without a token. */
const anonymousPerMinute = 600;
const sweepMs = 2000;
const watchMs = 1000;
const idleSweepMs = 30_000;
const forgottenSweepMs = 10 * 60_000;
const rotationSweepMs = 5 * 60_000;
const scrubMs = 60_000;

export interface ServerOptions {
	config: Config;
	clock?: Clock;
	/** Where log lines go instead of standard error. */
	logStream?: LogStream;
}

export interface SottoServer {
	readonly app: FastifyInstance;
	readonly context: Context;
	/** Opens the port. */
	listen(): Promise<{ address: string; setupUrl: string | undefined }>;
	/** Ends what was begun, closes all sockets, and writes everything back. */
	close(): Promise<void>;
}

async function openContext(options: ServerOptions, app: FastifyInstance): Promise<Context> {
	const { config } = options;
	const clock = options.clock ?? systemClock(config.clockOffsetMs);
	const log = createLog(app.log);
	await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
	const database = await openStore(config.dataDir);
	const { store } = database;
	const members = await store.selectFrom('members').select('id').limit(1).execute();
	const ready = members.length > 0;
	const history = await History.open(store, clock);
	const changed = (): void => hub.changed('post');
	const settings = await Settings.open(store, config);
	const post = new Post({ database, clock, config, history, log, settings, changed });
	const hub: Hub = new Hub({ database, clock, history, log, post });
	return {
		config,
		clock,
		log,
		database,
		store,
		history,
		ledger: new Ledger(store, await LogKey.open(config.dataDir)),
		opaque: await Opaque.open(config.dataDir, { fresh: !ready }),
		setup: new SetupToken(clock, { ready }),
		tokens: new Tokens(clock),
		tries: new Tries(clock),
		origins: new Set([
			...(config.origins ?? ownOrigins(config.port)),
			...config.extensions.map((id) => `chrome-extension://${id}`),
		]),
		hub,
		codes: new Codes(clock),
		post,
		objects: new Objects(config),
		presence: new Presence({ store, clock, history, changed: () => hub.changed('recordings') }),
		tombstones: new Tombstones(config.dataDir),
		settings,
		shares: new ShareKeeper({
			database,
			store,
			clock,
			config,
			history,
			log,
			address: () => post.address,
			changed: () => hub.changed('recordings'),
		}),
		ready: new Ready({ store, clock, config, log, address: () => post.address }),
	};
}

const ErrorWithCode = v.object({ code: v.string(), statusCode: v.optional(v.number()) });

/** Errors of fastify and its plugins in the words of the protocol. */
function translate(error: unknown): ServerError {
	const known = v.safeParse(ErrorWithCode, error);
	if (error instanceof ServerError || !known.success) return asServerError(error);
	const { code, statusCode } = known.output;
	if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new ServerError('over-limit');
	if (code.startsWith('FST_ERR_CTP') || code.startsWith('FST_ERR_VALIDATION') || statusCode === 400)
		return new ServerError('bad-request');
	return asServerError(error);
}

function handleErrors(app: FastifyInstance, context: Context): void {
	const codes = new WeakMap<FastifyRequest, ErrorCode>();
	app.setErrorHandler(async (error, request, reply) => {
		const refused = translate(error);
		const { code, next, status } = refused;
		codes.set(request, code);
		if (code === 'internal')
			context.log.failure(request.routeOptions.url ?? 'none', refused.cause ?? error);
		const body: ErrorBody = { error: code, ...(next !== undefined && { next }) };
		if (status === 429 && next !== undefined) void reply.header('retry-after', next);
		return reply.code(status).send(body);
	});
	app.addHook('onResponse', async (request, reply) => {
		const code = codes.get(request);
		context.log.request({
			route: request.routeOptions.url ?? 'none',
			method: request.method,
			status: reply.statusCode,
			ms: Math.round(reply.elapsedTime),
			...(code && { code }),
		});
	});
}

async function api(app: FastifyInstance, context: Context): Promise<void> {
	guardOrigins(app, context.origins);
	await app.register(rateLimit, {
		max: (request) => (request.headers.authorization ? requestsPerMinute : anonymousPerMinute),
		keyGenerator: (request) => `${request.ip} ${request.headers.authorization ? 1 : 0}`,
		timeWindow: 60_000,
		errorResponseBuilder: (_request, { ttl }) =>
			new ServerError('slow-down', { next: Math.ceil(ttl / 1000) }),
	});
	app.addHook('onSend', async (_request, reply) => {
		if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
	});
	accountRoutes(app, context);
	deviceRoutes(app, context);
	practiceRoutes(app, context);
	iceRoutes(app, context);
	sessionRoutes(app, context);
	sessionChangeRoutes(app, context);
	digestPageRoutes(app, context);
	placeRoutes(app, context);
	visitRoutes(app, context);
	codeRoutes(app, context);
	recordingRoutes(app, context);
	peopleRoutes(app, context);
	historyRoutes(app, context);
	postRoutes(app, context);
	presenceRoutes(app, context);
	wishRoutes(app, context);
	shareRoutes(app, context);
	requestRoutes(app, context);
	disclosureRoutes(app, context);
	retentionRoutes(app, context);
	copyRoutes(app, context);
}

/** Puts in order what a crash left behind. */
async function tidy(context: Context): Promise<void> {
	const { store, objects, presence, log } = context;
	const settled = await settleDeletions(context);
	await markAbsent(context);
	await sweepRevisions(context);
	await sweepDerivatives(context);
	await sweepRotations(context);
	const rows = await store
		.selectFrom('tracks')
		.innerJoin('recordings', 'recordings.id', 'tracks.recording')
		.select(['recordings.id as recording', 'tracks.id as track'])
		.where('recordings.state', '!=', 'deleted')
		.where('tracks.removed', '=', 0)
		.execute();
	const known = new Map<string, Set<string>>();
	for (const { recording, track } of rows)
		known.set(recording, (known.get(recording) ?? new Set()).add(track));
	const cleaned = await objects.clean(known);
	await presence.load();
	await context.shares.start();
	await context.ready.start();
	const ended = await enforceRetention(context);
	log.event('started', { settled, cleaned, ended });
}

function every(app: FastifyInstance, ms: number, task: () => unknown): void {
	const timer = setInterval(task, ms);
	app.addHook('onClose', async () => clearInterval(timer));
}

/** What is done again and again; one that fails is tried again at its next turn. */
function tasks(app: FastifyInstance, context: Context): void {
	const { hub, store, clock, log, presence, settings } = context;
	every(app, sweepMs, () => hub.sweep());
	every(app, sweepMs, () =>
		context.shares.run().catch((error: unknown) => log.failure('shares', error)),
	);
	every(app, sweepMs, () =>
		context.ready.run().catch((error: unknown) => log.failure('ready mail', error)),
	);
	every(app, watchMs, () =>
		presence.watch().catch((error: unknown) => log.failure('watch', error)),
	);
	every(app, forgottenSweepMs, () =>
		endForgotten(hub).catch((error: unknown) => log.failure('forgotten sweep', error)),
	);
	every(app, rotationSweepMs, () =>
		sweepRotations(context).catch((error: unknown) => log.failure('rotation sweep', error)),
	);
	every(app, scrubMs, () => scrub(context).catch((error: unknown) => log.failure('scrub', error)));
	every(app, retentionSweepMs, () =>
		enforceRetention(context).catch((error: unknown) => log.failure('retention sweep', error)),
	);
	every(app, idleSweepMs, () =>
		lockIdle(store, clock.now() - settings.idleMs).catch((error: unknown) =>
			log.failure('idle sweep', error),
		),
	);
}

/** The whole server, not listening yet. */
export async function createServer(options: ServerOptions): Promise<SottoServer> {
	const { config } = options;
	const app = fastify({
		logger: loggerOptions(config.logLevel, options.logStream),
		// Its lines would hold addresses and ids; ours are written in `handleErrors`.
		logController: new LogController({ disableRequestLogging: true }),
		bodyLimit: limits.requestBytes,
		trustProxy: config.proxies > 0 && ((_address: string, hop: number) => hop < config.proxies),
		forceCloseConnections: true,
	});
	const context = await openContext(options, app);
	await tidy(context);
	const { hub, database, store } = context;
	handleErrors(app, context);
	await secureHeaders(app, context.origins);
	refuseSpoilt(app, context);
	app.get('/healthz', async () => {
		await store.selectFrom('practice').select('id').limit(1).execute();
		return { ok: true };
	});
	await app.register((scope: FastifyInstance) => api(scope, context), { prefix: '/api' });
	await servePages(app, config.pagesDir);
	acceptSockets(app.server, context);
	tasks(app, context);
	return {
		app,
		context,
		async listen() {
			await app.listen({
				port: config.port,
				host: config.host,
				listenTextResolver: () => 'listening',
			});
			const bound = app.server.address();
			const port = typeof bound === 'object' && bound ? bound.port : config.port;
			if (!config.origins) for (const own of ownOrigins(port)) context.origins.add(own);
			const address = printedOrigin(config, port);
			// Before anything is sent: what ended while the server was away is not reminded of any more.
			await endForgotten(hub);
			await context.post.start(address);
			const token = context.setup.text;
			return { address, setupUrl: token && `${address}/setup#${token}` };
		},
		async close() {
			await hub.close();
			await app.close();
			await hub.close();
			await context.post.stop();
			await context.shares.stop();
			await context.ready.stop();
			await database.close();
		},
	};
}
