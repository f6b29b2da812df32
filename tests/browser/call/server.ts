import { vi } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { signNotice } from '#crypto/consent/consent.ts';
import {
	createStaffIdentity,
	encodePublicIdentity,
	fingerprint,
} from '#crypto/identity/identity.ts';
import { encodeLinkFragment } from '#crypto/proof/fragment.ts';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { type OpenedKnock, openKnock } from '#lib/call/knock.ts';
import type { ServerMessage } from '#protocol/socket.ts';

const newId = (): string => toBase64url(random(16));

/** A socket whose other end is in this page. */
class Line extends EventTarget {
	readonly #hear: (text: string, line: Line) => Promise<void>;

	constructor(hear: (text: string, line: Line) => Promise<void>) {
		super();
		this.#hear = hear;
		queueMicrotask(() => this.dispatchEvent(new Event('open')));
	}

	say(message: ServerMessage): void {
		this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
	}

	send(text: string): void {
		void this.#hear(text, this);
	}

	close(): void {}
}

/** A recorded session of a host whose keys the test has. */
async function hosted() {
	const { identity } = await createStaffIdentity();
	const [session, place, seat] = [newId(), newId(), newId()];
	const words = { practice: 'Practice', host: 'Dr. Maya Okafor', purpose: 'Supervision' };
	const notice = await signNotice({
		host: identity.signing,
		notice: { session, ...words, recorder: 'device', openers: 'Host', keptUntil: null },
	});
	const practice = { practice: 'Practice', emergency: 'Call 555 0100' };
	const host = { name: words.host, publicIdentity: encodePublicIdentity(identity.publicIdentity) };
	const when = { startsAt: Date.now(), minutes: 50, state: 'planned' };
	const about = { place, session, ...practice, ...when, host, notice };
	return { identity, session, place, seat, about };
}

function answersOf({ place, session, seat, about }: Awaited<ReturnType<typeof hosted>>) {
	const config = {
		version: 1,
		ready: true,
		practice: 'Practice',
		serverKey: '',
		idleMs: 1,
		extensions: [],
	};
	return new Map<string, object>([
		[`/api/places/${place}`, about],
		[`/api/places/${place}/claims`, { seat, session, token: newId() }],
		['/api/config', { ...config, relay: false }],
		['/api/ice', { iceServers: [], relay: false }],
	]);
}

/** A server in the page itself, with one place of one recorded session, and the host's keys to read what comes there. */
export async function serverOfOnePlace() {
	const world = await hosted();
	const { identity, session, place, seat } = world;
	const answers = answersOf(world);
	const secret = createLinkSecret();
	/** Everything that a page sent, as text. */
	const sent: string[] = [];
	const knocks: OpenedKnock[] = [];
	const room = { type: 'room', session, seat, generation: 0, epoch: null } as const;
	let current: Line | undefined;
	const hear = async (text: string, line: Line): Promise<void> => {
		sent.push(text);
		current = line;
		const { type, id, keyPackage, sealed, proof } = JSON.parse(text);
		if (type === 'hello') return line.say({ type: 'ready', now: Date.now() });
		if (id) line.say({ type: 'done', id });
		if (type !== 'knock') return;
		const knock = { keyPackage, sealed, proof };
		knocks.push(await openKnock({ identity, session, place, secret, knock }));
		line.say({ ...room, seats: [], packages: 8 });
	};
	vi.stubGlobal(
		'WebSocket',
		class extends Line {
			constructor() {
				super(hear);
			}
		},
	);
	const { fetch } = globalThis;
	vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
		const { pathname } = new URL(url, location.href);
		if (!pathname.startsWith('/api/')) return fetch(url, init);
		if (typeof init?.body === 'string') sent.push(init.body);
		const answer = answers.get(pathname);
		return answer ? Response.json(answer) : Response.json({ error: 'gone' }, { status: 410 });
	});
	const hostFingerprint = await fingerprint(identity.publicIdentity);
	return {
		...world,
		fragment: encodeLinkFragment({ secret, hostFingerprint }),
		sent,
		knocks,
		say: (message: ServerMessage) => current?.say(message),
	};
}
