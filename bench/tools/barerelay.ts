/**
 * `node bench/tools/barerelay.ts ws|socketio FOLDER`: the least that could relay a call's messages and
 * write the same durable rows as the server, without accounts, checks or limits. What the server is
 * measured against; every write is one prepared statement or one transaction of them.
 */
import { createServer } from 'node:http';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Server as SocketIo } from 'socket.io';
import { WebSocketServer } from 'ws';

interface Peer {
	session: string;
	seat: string;
	send(message: unknown): void;
}

/** A message as it came; nobody looks whether it is one. */
type Message = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any

const [, , kind = 'ws', folder = '.'] = process.argv;
const db = new Database(join(folder, 'bare.db'));
db.pragma('locking_mode = EXCLUSIVE');
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.pragma('secure_delete = ON');
db.exec(`
	create table sessions (id text primary key, generation bigint);
	create table seats (id text primary key, session text, state text, since bigint);
	create table knocks (seat text primary key, session text, key_package text, sealed text, at bigint);
	create table epochs (session text primary key, generation bigint, maker text, seats text, welcome text);
	create table packages (seat text, n bigint, key_package text, primary key (seat, n));
	create table relay (to_seat text, n bigint, session text, from_seat text, id text, body text,
		primary key (to_seat, n));
	create unique index relay_id on relay (from_seat, id);
	create table history (n integer primary key, at bigint, act text, who text, session text);
`);

const insertSession = db.prepare('insert or ignore into sessions values (?, 0)');
const insertSeat = db.prepare('insert into seats values (?, ?, ?, ?)');
const insertKnock = db.prepare('insert into knocks values (?, ?, ?, ?, ?)');
const insertHistory = db.prepare('insert into history values (null, ?, ?, ?, ?)');
const insertPackage = db.prepare('insert into packages values (?, ?, ?)');
const setGeneration = db.prepare(
	'update sessions set generation = ? where id = ? and generation = ?',
);
const setEpoch = db.prepare('insert or replace into epochs values (?, ?, ?, ?, ?)');
const setState = db.prepare('update seats set state = ?, since = ? where id = ?');
const insertRelay = db.prepare('insert or ignore into relay values (?, ?, ?, ?, ?, ?)');
const acknowledge = db.prepare(
	'update relay set body = null where to_seat = ? and n <= ? and body is not null',
);
const dropPackages = db.prepare('delete from packages where seat = ?');
const dropKnock = db.prepare('delete from knocks where seat = ?');

const enter = db.transaction((peer: Peer, message: Message) => {
	insertSession.run(peer.session);
	insertSeat.run(peer.seat, peer.session, 'waiting', Date.now());
	if (message['type'] !== 'knock') return;
	insertKnock.run(peer.seat, peer.session, message['keyPackage'], message['sealed'], Date.now());
	insertHistory.run(Date.now(), 'waited', peer.seat, peer.session);
});
const packages = db.transaction((peer: Peer, message: Message) => {
	for (const [n, one] of message['packages'].entries()) insertPackage.run(peer.seat, n, one);
});
const epoch = db.transaction((peer: Peer, message: Message) => {
	const { generation, seats, welcome } = message;
	if (setGeneration.run(generation, peer.session, generation - 1).changes !== 1) return;
	setEpoch.run(peer.session, generation, peer.seat, JSON.stringify(seats), welcome);
	for (const seat of seats) setState.run('in-call', Date.now(), seat);
	insertHistory.run(Date.now(), 'connected', peer.seat, peer.session);
});
const leave = db.transaction((peer: Peer) => {
	setState.run('gone', Date.now(), peer.seat);
	dropPackages.run(peer.seat);
	dropKnock.run(peer.seat);
	acknowledge.run(peer.seat, Number.MAX_SAFE_INTEGER);
	insertHistory.run(Date.now(), 'left', peer.seat, peer.session);
});

const peers = new Map<string, Peer>();
const rooms = new Map<string, Set<Peer>>();
const counts = new Map<string, number>();

function toRoom(peer: Peer, message: unknown, except?: Peer): void {
	for (const other of rooms.get(peer.session) ?? []) if (other !== except) other.send(message);
}

function sitDown(peer: Peer): void {
	peers.set(peer.seat, peer);
	rooms.set(peer.session, (rooms.get(peer.session) ?? new Set()).add(peer));
	peer.send({ type: 'room', session: peer.session, seat: peer.seat });
	toRoom(peer, { type: 'seat', session: peer.session, seat: peer.seat });
}

function relay(peer: Peer, message: Message): void {
	const { id, to, body } = message;
	const n = (counts.get(to) ?? 0) + 1;
	counts.set(to, n);
	insertRelay.run(to, n, peer.session, peer.seat, id, body);
	peer.send({ type: 'done', id });
	peers.get(to)?.send({ type: 'relay', n, from: peer.seat, body });
}

function standUp(peer: Peer): void {
	peers.delete(peer.seat);
	const room = rooms.get(peer.session);
	room?.delete(peer);
	if (room?.size === 0) rooms.delete(peer.session);
}

function receive(peer: Peer, message: Message): void {
	const { type, id } = message;
	if (type === 'hello') {
		// The token names the seat here; nobody checks it.
		[peer.session = '', peer.seat = ''] = message['token'].split(' ');
		peer.send({ type: 'ready', now: Date.now() });
	} else if (type === 'enter' || type === 'knock') {
		enter(peer, message);
		peer.send({ type: 'done', id });
		sitDown(peer);
	} else if (type === 'packages') {
		packages(peer, message);
		peer.send({ type: 'done', id });
	} else if (type === 'epoch') {
		epoch(peer, message);
		peer.send({ type: 'done', id });
		const { generation, seats, welcome } = message;
		toRoom(peer, { type, generation, from: peer.seat, seats, welcome });
	} else if (type === 'applied') {
		toRoom(peer, { type, seat: peer.seat, generation: message['generation'] }, peer);
	} else if (type === 'relay') {
		relay(peer, message);
	} else if (type === 'ack') {
		acknowledge.run(peer.seat, message['n']);
	} else if (type === 'leave') {
		leave(peer);
		peer.send({ type: 'done', id });
		toRoom(peer, { type: 'seat', session: peer.session, seat: peer.seat });
		standUp(peer);
	}
}

const server = createServer();
if (kind === 'ws') {
	const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false });
	sockets.on('connection', (socket) => {
		const send = (message: unknown) => socket.send(JSON.stringify(message));
		const peer: Peer = { session: '', seat: '', send };
		socket.on('message', (data: Buffer) => receive(peer, JSON.parse(data.toString())));
		socket.on('close', () => standUp(peer));
	});
} else {
	const io = new SocketIo(server, { transports: ['websocket'], serveClient: false });
	io.on('connection', (socket) => {
		const peer: Peer = { session: '', seat: '', send: (message) => socket.emit('m', message) };
		socket.on('m', (message) => receive(peer, message));
		socket.on('disconnect', () => standUp(peer));
	});
}
server.listen(0, '127.0.0.1', () => {
	const bound = server.address();
	const port = typeof bound === 'object' && bound ? bound.port : 0;
	process.stdout.write(`http://127.0.0.1:${port}\n`);
});
process.on('SIGTERM', () => process.exit(0));
