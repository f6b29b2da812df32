/**
 * What the server's processor and memory pay for a call setup and for a waiting room, beside the least
 * that could relay the same messages and write the same durable rows: over ws, and over socket.io.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OpenStore, openStore, type StoreTransaction } from '../signaling/store/database.ts';
import { tokenHash } from '../signaling/random.ts';
import { startServer, type TestServer } from '../tests/server.ts';
import { signUp, Staff } from '../tests/staff.ts';
import { bytesOf, newId, newKey } from '../tests/wire.ts';
import type { Figures, Options } from './tools/options.ts';
import { cpuMs, residentKB } from './tools/process.ts';
import {
	ask,
	type Call,
	callSetup,
	greet,
	type Open,
	openSocketIo,
	openWs,
} from './tools/relaycalls.ts';
import { median, range, round, table } from './tools/table.ts';

const callsPerRound = 96;
const atOnce = 8;
/** Rounds before the first that counts: a server runs for weeks, so what it costs is what it costs when compiled. */
const warmUps = 4;
const waitingRooms = 4000;
/** The server lets so many sockets of one address in; loopback has many addresses. */
const socketsPerAddress = 190;

interface Subject {
	readonly name: string;
	readonly pid: number;
	readonly open: Open;
	/** A call that nobody made yet, of the host number `caller`. */
	next(caller: number): Promise<Call>;
	stop(): Promise<void>;
}

/** A host of the practice, with a device that can get tokens. */
async function seedHost(database: OpenStore, server: TestServer, staff: Staff): Promise<Staff> {
	const [member, device, deviceKey] = [newId(), newId(), newKey()];
	const row = await database.store.selectFrom('members').selectAll().executeTakeFirstOrThrow();
	await database.store
		.insertInto('members')
		.values({ ...row, id: member, email: `${member.toLowerCase()}@example.org` })
		.execute();
	const now = Date.now();
	const times = { active_at: now, created_at: now };
	await database.store
		.insertInto('devices')
		.values({
			id: device,
			member,
			public_key: deviceKey.publicKey,
			name: 'bench',
			half: bytesOf(32),
			...times,
		})
		.execute();
	const signedIn = { ...staff.signedIn, device, member: { ...staff.signedIn.member, id: member } };
	const { email, password, recovery, identity } = staff;
	const { address } = server;
	return new Staff({ address, email, password, deviceKey, recovery, identity, signedIn });
}

type Seeded = Omit<Call, 'host'> & { host: string };

/** A session with one claimed place. */
async function seedCall(db: StoreTransaction, host: string): Promise<Seeded> {
	const [session, place, seat, token] = [newId(), newId(), newId(), bytesOf(32)];
	const now = Date.now();
	const state = {
		state: 'planned',
		generation: 0,
		created_at: now,
		ended_at: null,
		cancelled: 0,
	} as const;
	const when = { starts_at: now, minutes: 50 };
	await db
		.insertInto('sessions')
		.values({ id: session, host, sealed: bytesOf(200), notice: null, ...when, ...state })
		.execute();
	await db
		.insertInto('places')
		.values({ id: place, session, position: 0, sealed: bytesOf(100) })
		.execute();
	const claim = { seat, place, session, public_key: newKey().publicKey, created_at: now };
	await db
		.insertInto('claims')
		.values({ ...claim, token_hash: tokenHash(token) })
		.execute();
	return { session, host: newId(), guest: { seat, token } };
}

interface Seeds {
	readonly hosts: readonly Staff[];
	/** As many calls of each host. */
	readonly calls: Seeded[][];
}

/** Hosts and calls, written straight into the stopped server's database. */
async function seed(server: TestServer, staff: Staff, perHost: number): Promise<Seeds> {
	await server.kill('SIGTERM');
	const database = await openStore(server.dataDir);
	const hosts: Staff[] = [];
	const calls: Seeded[][] = [];
	for (let n = 0; n < atOnce; n += 1) {
		const host = await seedHost(database, server, staff);
		hosts.push(host);
		calls.push(
			await database.store.transaction().execute(async (db) => {
				const made: Seeded[] = [];
				while (made.length < perHost) made.push(await seedCall(db, host.signedIn.member.id));
				return made;
			}),
		);
	}
	await database.close();
	await server.restart();
	return { hosts, calls };
}

const socketUrl = (server: TestServer) =>
	`${server.address.replace('http', 'ws').replace('localhost', '127.0.0.1')}/api/socket`;

async function ownServer(): Promise<{ server: TestServer; staff: Staff }> {
	const server = await startServer();
	return { server, staff: await signUp(server.address, server.setupUrl) };
}

/** A token lives fifteen minutes; it is asked for again well before. */
const tokenMs = 5 * 60_000;
const tokens = new WeakMap<Staff, { token: string; at: number }>();

async function tokenOf(host: Staff): Promise<string> {
	const known = tokens.get(host);
	if (known && performance.now() - known.at < tokenMs) return known.token;
	const { token } = (await host.token()).body;
	tokens.set(host, { token, at: performance.now() });
	return token;
}

/** The next call of one host. */
async function nextCall({ hosts, calls }: Seeds, at: number): Promise<Call> {
	const call = calls[at]?.pop();
	const host = hosts[at];
	if (!call || !host) throw new RangeError('no call is left');
	return { ...call, host: { seat: call.host, token: await tokenOf(host) } };
}

async function sotto(calls: number): Promise<Subject> {
	const { server, staff } = await ownServer();
	const seeds = await seed(server, staff, calls / atOnce);
	return {
		name: 'sotto',
		pid: server.pid,
		open: () => openWs(socketUrl(server), server.address),
		next: (caller) => nextCall(seeds, caller),
		stop: () => server.stop(),
	};
}

async function bare(kind: 'ws' | 'socketio'): Promise<Subject> {
	const folder = await mkdtemp(join(tmpdir(), 'sotto-bench-'));
	const path = join(import.meta.dirname, 'tools/barerelay.ts');
	const child: ChildProcess = spawn(process.execPath, [path, kind, folder], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const address = await new Promise<string>((resolve, reject) => {
		child.once('exit', () => reject(new Error('the bare relay ended')));
		child.stdout?.once('data', (data: Buffer) => resolve(data.toString().trim()));
	});
	return {
		name: kind,
		pid: child.pid ?? 0,
		open: () =>
			kind === 'ws' ? openWs(address.replace('http', 'ws'), address) : openSocketIo(address),
		async next() {
			const [session, host, guest] = [newId(), newId(), newId()];
			const end = (seat: string) => ({ seat, token: `${session} ${seat}` });
			return { session, host: end(host), guest: end(guest) };
		},
		async stop() {
			child.kill('SIGTERM');
			await rm(folder, { recursive: true, force: true });
		},
	};
}

/** Milliseconds of the server's CPU for one call setup. */
async function measure(subject: Subject): Promise<number> {
	// Tokens are no part of it: they are had before.
	const calls: Call[] = [];
	for (let n = 0; n < callsPerRound; n += 1) calls.push(await subject.next(n % atOnce));
	const before = cpuMs(subject.pid);
	const caller = async (at: number) => {
		for (let n = at; n < calls.length; n += atOnce) {
			const call = calls[n];
			if (call) await callSetup(subject.open, call);
		}
	};
	await Promise.all(Array.from({ length: atOnce }, (_, at) => caller(at)));
	return (cpuMs(subject.pid) - before) / calls.length;
}

async function compare(repeats: number): Promise<Map<string, number[]>> {
	const subjects = [
		await sotto(callsPerRound * (repeats + warmUps)),
		await bare('ws'),
		await bare('socketio'),
	];
	const results = new Map(subjects.map(({ name }) => [name, [] as number[]]));
	try {
		for (let n = 0; n < warmUps; n += 1) for (const subject of subjects) await measure(subject);
		for (let n = 0; n < repeats; n += 1)
			for (let at = 0; at < subjects.length; at += 1) {
				// Another one begins each time, so that none always meets the machine in the same state.
				const subject = subjects[(at + n) % subjects.length];
				if (subject) results.get(subject.name)?.push(await measure(subject));
			}
	} finally {
		for (const subject of subjects) await subject.stop();
	}
	return results;
}

/** Resident kB of a room in which one participant waits, at 4,000 of them. */
async function waiting(): Promise<number> {
	const { server, staff } = await ownServer();
	const seeds = await seed(server, staff, (waitingRooms + callsPerRound) / atOnce);
	const channels: { close(): Promise<void> }[] = [];
	try {
		const url = socketUrl(server);
		// Warm first: code that was compiled is not a room.
		for (let n = 0; n < callsPerRound; n += 1)
			await callSetup(() => openWs(url, server.address), await nextCall(seeds, n % atOnce));
		const rooms = seeds.calls.flat();
		const before = residentKB(server.pid);
		const knock = async (call: Seeded, index: number) => {
			const local = `127.0.0.${2 + Math.floor(index / socketsPerAddress)}`;
			const channel = await openWs(url, server.address, local);
			channels.push(channel);
			await greet(channel, call.guest.token);
			const proof = bytesOf(32);
			await ask(channel, { type: 'knock', keyPackage: bytesOf(330), sealed: bytesOf(200), proof });
		};
		for (let at = 0; at < rooms.length; at += atOnce * 4)
			await Promise.all(rooms.slice(at, at + atOnce * 4).map((call, n) => knock(call, at + n)));
		await new Promise((resolve) => setTimeout(resolve, 3000));
		return (residentKB(server.pid) - before) / waitingRooms;
	} finally {
		await Promise.all(channels.map((channel) => channel.close()));
		await server.stop();
	}
}

/** `ratio`: of a bare ws relay's CPU. `ratioSocketio`: of socket.io's. `kBPerRoom`: resident, at 4,000 rooms. */
export async function run({ repeats = 5 }: Partial<Options> = {}): Promise<Figures> {
	const results = await compare(repeats);
	table(
		[...results].map(([server, ms]) => ({
			server,
			'CPU ms per call setup, median': round(median(ms)),
			range: range(ms),
		})),
	);
	const of = (name: string) => median(results.get(name) ?? []);
	const rooms: number[] = [];
	for (let n = 0; n < Math.min(repeats, 3); n += 1) rooms.push(await waiting());
	table([{ 'kB per waiting room, median': round(median(rooms)), range: range(rooms) }]);
	return {
		ratio: round(of('sotto') / of('ws')),
		ratioSocketio: round(of('sotto') / of('socketio')),
		kBPerRoom: round(median(rooms)),
	};
}
