import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { rules } from '../../signaling/rules.ts';
import { changeMember, colleague } from '../colleagues.ts';
import { waitAt } from '../line.ts';
import { type LocalServer, localPractice } from '../local.ts';
import { startRecording, type TestRecorder } from '../recorder.ts';
import { logIn, Staff } from '../staff.ts';
import { type Answer, call, newId, newKey } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

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
	const gone = await colleague(maya);
	deactivated = (await gone.token()).body.token;
	await changeMember(maya, gone.signedIn.member.id, { role: 'clinician', active: false });
});
afterAll(() => local.stop());

interface Route {
	/** As in the rules. */
	name: string;
	method: string;
	path: string;
}

/** Every route that the server answers, read from fastify's own table. */
function routesOf(tree: string): Route[] {
	const parents: string[] = [];
	return tree.split('\n').flatMap((line) => {
		const [, indent, part, methods] = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
		if (indent === undefined || part === undefined) return [];
		const depth = indent.length / 4;
		parents.splice(depth, Infinity, part);
		const path = parents.join('');
		return (methods ?? '')
			.split(', ')
			.filter((method) => method !== '' && method !== 'HEAD' && method !== 'OPTIONS')
			.map((method) => ({ name: `${method} ${path}`, method, path }));
	});
}

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
): Promise<Answer> {
	const filled = path.replaceAll(/:(\w+)/g, (_, name: string) => {
		if (name === 'part' || name === 'chunk') return '0';
		return ids[name] ?? newId();
	});
	const bytes = path.endsWith('/:chunk');
	const body = method === 'GET' ? undefined : bytes ? new Uint8Array(8) : {};
	return call(address, method, filled, {
		...(token !== undefined && { token }),
		...(body && { body }),
	});
}

const answerOf = ({ status, body }: Answer): string => `${status} ${body.error ?? 'granted'}`;

test('every route has a rule, and every rule a route', () => {
	const names = routes().map(({ name }) => name);
	expect(names.length).toBeGreaterThan(50);
	expect(names.toSorted()).toEqual(Object.keys(rules).toSorted());
	// Outside the API the server tells nothing but that it lives.
	expect(table().filter(({ path }) => !path.startsWith('/api/'))).toEqual([
		{ name: 'GET /healthz', method: 'GET', path: '/healthz' },
	]);
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
		if (refused !== Array.isArray(rule)) wrong.push(`${route.name} ${refused}`);
	}
	expect(wrong).toEqual([]);
});

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
		const real = await ask(route, token, { id, place, track });
		const none = await ask(route, token);
		if (real.status < 400 || answerOf(real) !== answerOf(none))
			wrong.push(`${route.name}: ${answerOf(real)}, not ${answerOf(none)}`);
	}
	expect(wrong).toEqual([]);
	const from = 'from=0&to=9999999999999';
	for (const path of [`/api/sessions?${from}`, `/api/recordings?${from}`, `/api/history?${from}`]) {
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
	const closed = await asked(/recordings/, ['scheduler', 'participant-only', 'station']);
	const changes =
		/^(?:PUT|POST|DELETE) \/api\/(?:people|practice|invitations)(?!.*(?:look|start|finish)$)/;
	const kept = await asked(changes, ['supervisor', 'clinician', 'scheduler', 'station']);
	expect(closed.length).toBeGreaterThanOrEqual(33);
	expect(kept.length).toBeGreaterThanOrEqual(24);
	for (const answer of [...closed, ...kept]) expect(answerOf(answer)).toBe('403 forbidden');
});

describe.each(roles)('%s', (role) => {
	test('may ask what the rules say, and nothing else', async () => {
		const wrong: string[] = [];
		for (const route of routes()) {
			const rule = rules[route.name] ?? [];
			const token = ending.has(route.name) ? await another(role) : tokens.get(role);
			const answer = answerOf(await ask(route, token));
			const may = rule === 'open' || rule === 'anybody' || rule.includes(role);
			if (rule === 'participant' ? answer !== '401 token' : may === (answer === '403 forbidden'))
				wrong.push(`${route.name} ${answer}`);
			if (rule !== 'participant' && answer === '401 token') wrong.push(`${route.name} ${answer}`);
		}
		expect(wrong).toEqual([]);
	});
});
