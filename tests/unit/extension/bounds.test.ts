import { afterEach, expect, test, vi } from 'vitest';
import * as v from 'valibot';
import { Link } from '../../../extension/background/presence/link.ts';
import { RequestError, ask } from '../../../extension/background/presence/server.ts';
import { limits } from '../../../signaling/protocol/limits.ts';
import { Socket } from './socket.ts';

afterEach(() => vi.unstubAllGlobals());

test('an answer without an end is not read to it', async () => {
	let pieces = 0;
	const piece = new TextEncoder().encode(' '.repeat(1 << 20));
	const endless = new ReadableStream({
		pull: (to) => {
			pieces++;
			to.enqueue(piece);
		},
	});
	vi.stubGlobal('fetch', async () => new Response(endless));
	const asked = ask(v.object({}), { origin: 'https://visit.example.org', path: '/api' });
	await expect(asked).rejects.toThrow(new RequestError('bad-answer'));
	expect(pieces).toBeLessThan(8);
});

test('a socket that says more at once than a server of ours ever does is left', async () => {
	vi.stubGlobal('WebSocket', Socket);
	const states: string[] = [];
	const heard: string[] = [];
	const link = new Link({
		origin: 'https://visit.example.org',
		tokens: { get: async () => 'token', drop: () => {} },
		onstate: (state) => states.push(state),
		onmessage: ({ type }) => heard.push(type),
	});
	link.check();
	await vi.waitFor(() => expect(Socket.all.length).toBe(1));
	const ready = JSON.stringify({ type: 'ready', now: 1 });
	Socket.all[0]?.say(ready);
	Socket.all[0]?.say(ready + ' '.repeat(limits.bufferedBytes));
	Socket.all[0]?.say(ready);
	expect([heard, states, Socket.all[0]?.closed]).toEqual([
		['ready'],
		['connected', 'offline'],
		[4000],
	]);
	link.close();
});
