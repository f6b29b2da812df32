import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { generateParticipantIdentity } from '#crypto/identity/identity.ts';
import { sealKnock } from '#lib/call/knock.ts';
import { openNote, replyText } from '#lib/call/note.ts';
import { tellWaiting } from '#lib/call/tell.ts';
import { Socket } from '#lib/net/socket.ts';
import { toBase64url } from '#crypto/bytes.ts';
import { decodeLinkFragment } from '#crypto/proof/fragment.ts';
import { Insider, claim, until } from '../e2e/insider.ts';
import { HostInsider, type HostedSession } from '../e2e/insiders.ts';
import { type TestServer, startServer } from '../server.ts';

// The host's dashboard writes to somebody who waits; the host is not in the call.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let server: TestServer;
let clinician: HostInsider;
const closing: { close(): void }[] = [];

beforeAll(async () => {
	server = await startServer();
	clinician = await HostInsider.setUp(server.address, server.setupUrl);
});
afterAll(() => server?.stop());
afterEach(() => {
	for (const one of closing.splice(0)) one.close();
});

function socketOf(token: () => Promise<string>): Socket {
	const address = `${server.address.replace('http', 'ws')}/api/socket`;
	const socket = new Socket({ address, token });
	closing.push(socket);
	return socket;
}

/** Somebody who waits by a link, and can be written to. */
async function waits(session: HostedSession) {
	const url = new URL(session.links.get('Dana') ?? '');
	const place = url.pathname.split('/').at(-1) ?? '';
	const { secret } = decodeLinkFragment(url.hash);
	const identity = await generateParticipantIdentity();
	const { seat } = await claim(server.address, place, identity);
	const insider = new Insider({
		address: server.address,
		session: session.id,
		seat,
		isHost: false,
		identity,
		hostKey: clinician.identity.signing.publicKey,
		notice: null,
		token: async () => (await claim(server.address, place, identity)).token,
		enter: async (self) => {
			const [keyPackage] = await self.store.make(1);
			if (!keyPackage) throw new TypeError('one package was made');
			const reply = replyText(identity.publicIdentity.x25519);
			const text = { name: null, receipt: null, agreed: null, reply };
			const host = clinician.identity.publicIdentity;
			const about = { session: session.id, place, keyPackage, host, secret, text };
			return {
				type: 'knock',
				keyPackage: toBase64url(keyPackage),
				...(await sealKnock(about)),
			};
		},
	});
	closing.push(insider);
	const bodies: string[] = [];
	insider.socket.listen((message) => {
		if (message.type === 'relay') bodies.push(message.body);
	});
	await until('it waits', () => insider.room.entered);
	const read = () => {
		const hostKey = clinician.identity.signing.publicKey;
		const [body = ''] = bodies;
		return openNote({ session: session.id, seat, identity, hostKey, body });
	};
	return { place, secret, seat, insider, bodies, read };
}

/** The host's dashboard: a socket that is in no call, and who waits as the server tells it. */
async function dashboard(
	session: HostedSession,
	{
		place,
		secret,
		seat,
	}: { place: string; secret: Parameters<typeof tellWaiting>[1]['secret']; seat: string },
) {
	let knock: Parameters<typeof tellWaiting>[1]['seat']['knock'] = null;
	const socket = socketOf(async () => (await clinician.staff.token()).body.token);
	socket.listen((message) => {
		if (message.type !== 'waiting') return;
		const seats = message.sessions.flatMap((one) => one.seats);
		knock = seats.find((one) => one.seat === seat)?.knock ?? knock;
	});
	await until('the dashboard sees the knock', () => knock);
	const { identity } = clinician;
	return {
		socket,
		waiting: { identity, session: session.id, place, secret, seat: { seat, knock } },
	};
}

test('who waits reads what the host writes from her dashboard, and the server does not', async () => {
	const session = await clinician.session(['Dana']);
	const dana = await waits(session);
	const { socket, waiting } = await dashboard(session, dana);
	const words = 'I am running five minutes late';
	expect(await tellWaiting(socket, waiting, words)).toBe(true);
	await until('it comes', () => dana.bodies.length > 0);
	expect(await dana.read()).toMatchObject({ text: words, seat: dana.seat });
	expect(Buffer.from(dana.bodies[0] ?? '', 'base64url').toString('latin1')).not.toContain('late');
	// The host is not in the call for that, and the session has not begun.
	expect([...dana.insider.room.seats.values()].filter(({ kind }) => kind === 'host')).toEqual([]);
	const { body } = await clinician.staff.call('GET', `/api/sessions/${session.id}`);
	expect(body.state).toBe('planned');
});

test('nobody else reaches who waits that way', async () => {
	const session = await clinician.session(['Dana', 'Tom']);
	const dana = await waits(session);
	const { waiting } = await dashboard(session, dana);
	// Another participant, with a session that she names.
	expect(await tellWaiting(dana.insider.socket, waiting, 'Call this number')).toBe(false);
	expect(dana.bodies).toEqual([]);
	const refused = dana.insider.socket.request({
		type: 'relay',
		session: session.id,
		to: dana.seat,
		body: 'AAAA',
	});
	await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
});
