import { type ChildProcess, spawn } from 'node:child_process';
import { connect as connectTo, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findTurnserver } from '../../scripts/find.js';
import { type TestServer, startServer } from '../server.ts';
import { looks } from './media.ts';
import { type Person, connect, newSession, person, sees, setUp, wait } from './people.ts';

const turnserver = findTurnserver();
if (!turnserver) process.stdout.write('relayed calls are not tested: there is no coturn here\n');
const secret = 'a secret between the server and its relay';
let relay: ChildProcess | undefined;
let server: TestServer;
let maya: Person;
let dana: Person;

function freePort(): Promise<number> {
	return new Promise((resolve) => {
		const probe = createServer().listen(0, '127.0.0.1', () => {
			const place = probe.address();
			const port = typeof place === 'object' && place ? place.port : 0;
			probe.close(() => resolve(port));
		});
	});
}

/** coturn on loopback, with the credentials that Sotto's server makes; ready when it takes connections. */
async function startRelay(program: string, port: number): Promise<ChildProcess> {
	const words =
		'-n --no-cli --no-tls --no-dtls --fingerprint --log-file stdout --realm test --use-auth-secret ' +
		'--listening-ip 127.0.0.1 --relay-ip 127.0.0.1 --allow-loopback-peers';
	const own = ['--listening-port', String(port), '--static-auth-secret', secret];
	const child = spawn(program, [...words.split(' '), ...own], { stdio: 'ignore' });
	for (let left = 200; left > 0; left--) if (await answers(port)) return child;
	child.kill();
	throw new Error('coturn does not listen');
}

/** Whether something takes a connection there, or after 50 ms that nothing does. */
function answers(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connectTo(port, '127.0.0.1');
		socket.once('connect', () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', () => setTimeout(() => resolve(false), 50));
	});
}

beforeAll(async () => {
	if (!turnserver) return;
	const port = await freePort();
	relay = await startRelay(turnserver, port);
	server = await startServer({ env: { TURN_URL: `turn:127.0.0.1:${port}`, TURN_SECRET: secret } });
	[maya, dana] = await Promise.all([person({ looks: looks.maya }), person({ looks: looks.dana })]);
	await setUp(maya.page, server.setupUrl ?? '');
});

afterAll(async () => {
	await Promise.all([maya?.close(), dana?.close()]);
	await server?.stop();
	relay?.kill();
});

test.runIf(turnserver)(
	'who hides her address is met through the relay, and only there',
	async () => {
		// What the page hands to its connections is read as they are made; nothing of it is changed.
		await dana.context.addInitScript(() => {
			const Real = RTCPeerConnection;
			const seen: RTCPeerConnection[] = [];
			Object.assign(globalThis, {
				seen,
				RTCPeerConnection: class extends Real {
					constructor(config?: RTCConfiguration) {
						super(config);
						seen.push(this);
					}
				},
			});
		});
		const { links } = await newSession(maya.page, ['Dana Whitfield']);
		await dana.page.goto(links[0] ?? '');
		await dana.page
			.getByRole('checkbox', { name: 'Hide my network address from the others' })
			.check();
		await wait(dana.page, links[0] ?? '');
		await maya.page.goto(server.address);
		await connect(maya.page, 'Dana Whitfield');
		await Promise.all([sees(maya.page, 'Dana Whitfield'), sees(dana.page, 'Dr. Maya Okafor')]);
		const kinds = await dana.page.evaluate(async () => {
			const seen: RTCPeerConnection[] = Reflect.get(globalThis, 'seen');
			const reports = await Promise.all(seen.map((one) => one.getStats()));
			return reports.flatMap((report) =>
				[...report.values()]
					.filter((one) => one.type === 'local-candidate')
					.map((one) => String(one.candidateType)),
			);
		});
		expect(kinds.length).toBeGreaterThan(0);
		expect(new Set(kinds)).toEqual(new Set(['relay']));
	},
);
