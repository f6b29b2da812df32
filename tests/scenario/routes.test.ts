import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { ClientMessage } from '../../signaling/protocol/socket.ts';
import { type MessageRule, messageRules, rules } from '../../signaling/rules.ts';
import { changeMember, colleague } from '../colleagues.ts';
import { Line, waitAt } from '../line.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { extensionOrigin, pairDevice, type PresenceDevice } from '../presence.ts';
import { startRecording, type TestRecorder } from '../recorder.ts';
import { type Route, routesOf } from '../routes.ts';
import { samples } from '../samples.ts';
import { logIn, Staff } from '../staff.ts';
import { type Answer, bytesOf, call, newId, newKey, signed } from '../wire.ts';
import { protocolVersion } from '../../signaling/protocol/version.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 180_000 });

const roles = [
	'admin',
	'supervisor',
	'clinician',
	'scheduler',
	'participant-only',
	'station',
] as const;
type Role = (typeof roles)[number];

let local: LocalServer & { maya: Staff };
let address: string;
const members = new Map<Role, Staff>();
/** Their tokens: who may do anything with one is the question here. */
const tokens = new Map<Role, string>();
let participant: string;
let deactivated: string;
let extension: PresenceDevice;
let other: Staff;
let recorder: TestRecorder;
let session: { id: string; places: string[] };

beforeAll(async () => {
	local = await localPractice();
	({ address } = local);
	const { maya } = local;
	members.set('admin', maya);
	for (const role of roles.slice(1)) members.set(role, await colleague(maya, role));
	for (const [role, staff] of members) tokens.set(role, (await staff.token()).body.token);
	session = await maya.session();
	participant = (await waitAt(address, session.places[0] ?? '')).token;
	recorder = await startRecording(maya);
	other = await colleague(maya);
	extension = await pairDevice(maya);
	const gone = await colleague(maya);
	deactivated = (await gone.token()).body.token;
	await changeMember(maya, gone.signedIn.member.id, { role: 'clinician', active: false });
});
afterAll(() => local.stop());

const table = () => routesOf(local.server.app.printRoutes({ commonPrefix: false }));
/** They end the token that they are asked with. */
const ending = new Set(['POST /api/device/lock', 'POST /api/device/sign-out']);
const routes = () => table().filter(({ path }) => path.startsWith('/api/'));

/** A token of another device of this member. */
async function another(role: Role): Promise<string | undefined> {
	const staff = members.get(role);
	if (!staff) return undefined;
	const { email, password, recovery, identity } = staff;
	const deviceKey = newKey();
	const device = { publicKey: deviceKey.publicKey, name: 'Another browser' };
	const { body } = await logIn(address, { email, password, device });
	const credentials = { address, email, password, recovery, identity, deviceKey };
	return (await new Staff({ ...credentials, signedIn: body }).token()).body.token;
}

/** Asks with ids that are nobody's, or those that are given. */
function ask(
	{ method, path }: Route,
	token: string | undefined,
	ids: Partial<Record<string, string>> = {},
	sent: object = {},
	origin: string = address,
): Promise<Answer> {
	const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => {
		if (name === 'part' || name === 'chunk' || name === 'block') return '0';
		if (name === 'kind') return 'notes';
		return ids[name] ?? newId();
	});
	const bytes = path.endsWith('/:chunk');
	const body = method === 'GET' ? undefined : bytes ? new Uint8Array(8) : sent;
	return call(address, method, filled, {
		origin,
		...(token !== undefined && { token }),
		...(body && { body }),
	});
}

const answerOf = ({ status, body }: Answer): string => `${status} ${body.error ?? 'granted'}`;

test('every route has a rule, and every rule a route', () => {
	const names = routes().map(({ name }) => name);
	expect(names.length).toBeGreaterThan(50);
	expect(names.toSorted()).toEqual(Object.keys(rules).toSorted());
	// Outside the API the server tells nothing but that it lives, and gives the pages where they are built.
	const others = table().filter(({ path }) => !path.startsWith('/api/') && path !== '*');
	expect(others).toEqual([{ name: 'GET /healthz', method: 'GET', path: '/healthz' }]);
});

test('the table of routes is read whole', () => {
	const tree =
		'├── /api/a (GET, HEAD)\n│   └── /:id (PUT)\n│       └── /b (POST)\n└── * (OPTIONS)\n';
	expect(routesOf(tree).map(({ name }) => name)).toEqual([
		'GET /api/a',
		'PUT /api/a/:id',
		'POST /api/a/:id/b',
	]);
});

test('without a token, and with one that is no more, only open routes answer', async () => {
	const wrong: string[] = [];
	for (const token of [undefined, deactivated, 'A'.repeat(43)])
		for (const route of routes()) {
			const refused = answerOf(await ask(route, token)) === '401 token';
			if (refused === (rules[route.name] === 'open')) wrong.push(`${route.name} ${refused}`);
		}
	expect(wrong).toEqual([]);
});

test('a participant’s token is for what participants do', async () => {
	const wrong: string[] = [];
	for (const route of routes()) {
		const rule = rules[route.name];
		const refused = answerOf(await ask(route, participant)) === '401 token';
		const staff =
			Array.isArray(rule) || rule === 'presence' || rule === 'listening' || rule === 'share';
		if (refused !== staff) wrong.push(`${route.name} ${refused}`);
	}
	expect(wrong).toEqual([]);
});

/** What the uploader of a captured tab asks of its own recording: one that is not its own is not there. */
const ofUploader =
	/^(?:GET \/api\/recordings\/:id|(?:GET|PUT) \/api\/recordings\S+\/objects\/\S+|POST \/api\/recordings\/\S+\/(?:checkpoints|alive|finish))$/;

test('an extension’s token is for hearing who waits, and for nothing else', async () => {
	const { token } = (await extension.token()).body;
	const wrong: string[] = [];
	for (const route of routes()) {
		const rule = rules[route.name] ?? [];
		const answer = answerOf(await ask(route, token, {}, {}, extensionOrigin));
		const listens =
			rule === 'open' || rule === 'everyone' || rule === 'presence' || rule === 'listening';
		const hers = rule === 'participant' || rule === 'share';
		const expected = hers ? '401 token' : '403 forbidden';
		const refused = ofUploader.test(route.name) ? /^40[034] /.test(answer) : answer === expected;
		if (listens === refused) wrong.push(`${route.name} ${answer}`);
		if (listens && answer === '401 token') wrong.push(`${route.name} ${answer}`);
	}
	expect(wrong).toEqual([]);
	// In a page of the practice it is worth nothing.
	const { status, body } = await call(address, 'GET', '/api/presence/day', { token });
	expect([status, body.error]).toEqual([403, 'origin']);
});

/** One good body of each route about a session or recording that reads one, else `bad-request` hides whose it is. */
const bodies: Readonly<Record<string, () => object>> = {
	'PATCH /api/sessions/:id': () => ({ minutes: 30 }),
	'POST /api/sessions/:id/places': () => ({ id: newId(), sealed: bytesOf(60) }),
	'PUT /api/sessions/:id/contacts': () => ({ contacts: [] }),
	'POST /api/recordings/:id/tracks': () => ({
		tracks: [{ id: newId(), kind: 'audio', person: 1 }],
		grants: [recorder.grant()],
	}),
	'POST /api/recordings/:id/checkpoints': () =>
		signed(recorder.key, 'sotto/checkpoint/v1', { at: 1 }),
	'POST /api/recordings/:id/finish': () => ({ recovered: false, keep: [], remove: [] }),
	'POST /api/recordings/:id/grants': () => ({ grant: recorder.grant() }),
	'POST /api/recordings/:id/shares/start': () => ({
		share: newId(),
		registrationRequest: bytesOf(32),
	}),
	'POST /api/recordings/:id/shares': () => ({}),
	'POST /api/recordings/:id/disclosures': () => ({
		id: newId(),
		act: 'exported',
		sealed: bytesOf(60),
	}),
	'PUT /api/recordings/:id/annotations/:kind': () => ({ version: 1, sealed: bytesOf(60) }),
};

test('whose session or recording it is, another clinician cannot tell from one that is not there', async () => {
	const { token } = (await other.token()).body;
	const place = session.places[0] ?? '';
	const track = recorder.audio;
	const wrong: string[] = [];
	const about = routes().filter(
		({ path, name }) => /^\/api\/(?:sessions|recordings)\/:id/.test(path) && rules[name],
	);
	expect(about.length).toBeGreaterThan(12);
	for (const route of about) {
		const id = route.path.startsWith('/api/sessions') ? session.id : recorder.id;
		const body = bodies[route.name]?.();
		const real = await ask(route, token, { id, place, track }, body);
		const none = await ask(route, token, {}, body);
		if (real.status <= 400 || answerOf(real) !== answerOf(none))
			wrong.push(`${route.name}: ${answerOf(real)}, not ${answerOf(none)}`);
	}
	expect(wrong).toEqual([]);
	const post = (id: string) => call(address, 'GET', `/api/post?session=${id}`, { token });
	expect(answerOf(await post(session.id))).toBe(answerOf(await post(newId())));
	const from = 'from=0&to=9999999999999';
	for (const path of [
		`/api/sessions?${from}`,
		`/api/recordings?${from}`,
		`/api/history?${from}`,
		'/api/post',
		`/api/people/${recorder.staff.signedIn.member.id}/grants`,
	]) {
		const { status, body } = await call(address, 'GET', path, { token });
		expect(status).toBe(200);
		expect(JSON.stringify(body)).not.toContain(session.id);
		expect(JSON.stringify(body)).not.toContain(recorder.id);
	}
});

test('a scheduler opens no recording, and only an admin changes who belongs to the practice', async () => {
	const asked = (part: RegExp, of: readonly Role[]) =>
		Promise.all(
			routes()
				.filter(({ name }) => part.test(name))
				.flatMap((route) => of.map((role) => ask(route, tokens.get(role)))),
		);
	const closed = await asked(/recordings/, ['scheduler', 'station']);
	const changes =
		/^(?:PUT|POST|DELETE) \/api\/(?:people|practice|invitations)(?!.*(?:look|start|finish)$)/;
	const kept = await asked(changes, ['supervisor', 'clinician', 'scheduler', 'station']);
	expect(closed.length).toBeGreaterThanOrEqual(24);
	expect(kept.length).toBeGreaterThanOrEqual(24);
	for (const answer of [...closed, ...kept]) expect(answerOf(answer)).toBe('403 forbidden');
});

test('a participant with an account asks for her own, and for nothing of the practice or of others', async () => {
	const allowed = routes()
		.map(({ name }) => name)
		.filter((name) => rules[name]?.includes('participant-only') && Array.isArray(rules[name]));
	expect(allowed.toSorted()).toEqual([
		'DELETE /api/account/browsers/:id',
		'DELETE /api/account/devices/:id',
		'GET /api/account/browsers/:id',
		'GET /api/account/devices',
		'GET /api/me',
		'GET /api/practice/settings',
		'GET /api/recordings',
		'GET /api/recordings/:id',
		'GET /api/recordings/:id/objects/:track/:part',
		'GET /api/recordings/briefs',
		'GET /api/tombstones',
		'GET /api/visits',
		'GET /api/visits/:place/requests',
		'POST /api/account/browsers',
		'POST /api/account/browsers/:id/let-in',
		'POST /api/account/browsers/:id/meet',
		'POST /api/device/active',
		'POST /api/device/lock',
		'POST /api/device/sign-out',
		'POST /api/password/finish',
		'POST /api/password/start',
		'POST /api/recordings/:id/opened',
		'POST /api/recordings/:id/played',
		'POST /api/recordings/rows',
		'POST /api/visits/:place/requests',
		'POST /api/visits/:place/requests/:id/withdraw',
		'PUT /api/account/practice',
		'PUT /api/account/unlockers',
	]);
	const stations = Object.entries(rules).filter(
		([, rule]) => Array.isArray(rule) && rule.includes('station'),
	);
	const more = [/visits/, /recordings/];
	expect(stations.map(([name]) => name).toSorted()).toEqual(
		allowed.filter((name) => !more.some((part) => part.test(name))).toSorted(),
	);
	const token = tokens.get('participant-only');
	const ids = { id: recorder.id, track: recorder.audio };
	for (const route of routes().filter(({ name }) => name.startsWith('GET /api/recordings/:id'))) {
		const real = answerOf(await ask(route, token, ids));
		expect([real, route.name]).toEqual([answerOf(await ask(route, token)), route.name]);
		expect(real).toMatch(/^40[34] /);
	}
});

test('every message of the socket has a rule, and every rule a message', () => {
	const types = ClientMessage.options.map(({ entries }) => entries.type.literal);
	expect(types.toSorted()).toEqual(Object.keys(messageRules).toSorted());
	const wrong = types.filter((type) => !v.safeParse(ClientMessage, samples[type]()).success);
	expect(wrong).toEqual([]);
});

/** Types that this socket was refused. */
async function refusedOf(line: Line): Promise<string[]> {
	const refused: string[] = [];
	for (const make of Object.values(samples)) {
		const message = make();
		if (message.type === 'hello') continue;
		const asked = 'id' in message ? message.id : null;
		if (asked === null) line.send(message);
		// What has no id has no answer: the next one comes after it.
		const answer = await line.ask('id' in message ? message : { type: 'leave', id: newId() });
		const about = asked === null ? line.received.find((one) => one.type === 'error') : answer;
		if (about?.type === 'error' && about.error === 'forbidden') refused.push(message.type);
		line.received.length = 0;
	}
	return refused.toSorted();
}

const ruled = (...not: MessageRule[]): string[] =>
	Object.entries(messageRules)
		.flatMap(([type, rule]) => (not.includes(rule) ? [type] : []))
		.toSorted();

test.each([
	['admin', ruled('participant')],
	['supervisor', ruled('participant')],
	['clinician', ruled('participant')],
	['scheduler', ruled('participant', 'clinical', 'call')],
	['participant-only', ruled('participant', 'clinical', 'call')],
	['station', ruled('participant', 'clinical', 'call')],
] as const)('the socket of a %s sends what the rules say', async (role, refused) => {
	const line = await Line.greeted(address, tokens.get(role) ?? '');
	expect(await refusedOf(line)).toEqual(refused);
	await line.close();
});

test('the socket of a participant sends what the rules say, and a deactivated member has none', async () => {
	const line = await Line.greeted(address, participant);
	// An act that only a server sees is refused to everybody.
	const refused = (await refusedOf(line)).filter((type) => type !== 'act');
	expect(refused).toEqual(ruled('clinical'));
	await line.close();
	const gone = await Line.open(address);
	gone.send({ type: 'hello', token: deactivated, version: protocolVersion });
	expect(await gone.closed).toBe(4004);
	expect(gone.received).toEqual([{ type: 'error', id: null, error: 'token' }]);
});

test('the socket of an extension only listens', async () => {
	const line = await extension.line();
	await line.next('waiting');
	expect(await refusedOf(line)).toEqual(ruled('participant', 'clinical', 'call'));
	await line.close();
});

describe.each(roles)('%s', (role) => {
	test('may ask what the rules say, and nothing else', async () => {
		const wrong: string[] = [];
		for (const route of routes()) {
			const rule = rules[route.name] ?? [];
			const token = ending.has(route.name) ? await another(role) : tokens.get(role);
			const answer = answerOf(await ask(route, token));
			const listens = rule === 'listening' && /^(?:admin|supervisor|clinician)$/.test(role);
			const all = rule === 'open' || rule === 'anybody' || rule === 'everyone';
			const may = all || listens || rule.includes(role);
			const others = rule === 'participant' || rule === 'share';
			if (others ? answer !== '401 token' : may === (answer === '403 forbidden'))
				wrong.push(`${route.name} ${answer}`);
			if (!others && answer === '401 token') wrong.push(`${route.name} ${answer}`);
		}
		expect(wrong).toEqual([]);
	});
});
