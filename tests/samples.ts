import type { ClientMessage } from '../signaling/protocol/socket.ts';
import { protocolVersion } from '../signaling/protocol/version.ts';
import { bytesOf, newId } from './wire.ts';

/** One good message of each type; with ids that are nobody's. */
export const samples: Readonly<Record<ClientMessage['type'], () => ClientMessage>> = {
	hello: () => ({ type: 'hello', token: bytesOf(32), version: protocolVersion }),
	ping: () => ({ type: 'ping' }),
	ack: () => ({ type: 'ack', n: 0 }),
	enter: () => ({ type: 'enter', id: newId(), session: newId(), seat: newId() }),
	remove: () => ({ type: 'remove', id: newId(), seat: newId() }),
	code: () => ({
		type: 'code',
		id: newId(),
		session: newId(),
		place: newId(),
		nameplate: null,
		nonce: newId(),
	}),
	'code-close': () => ({ type: 'code-close', id: newId(), nameplate: '123' }),
	'code-answer': () => ({
		type: 'code-answer',
		id: newId(),
		try: newId(),
		reply: { step: 'no', why: 'away' },
	}),
	knock: () => ({ type: 'knock', id: newId(), keyPackage: '', sealed: '', proof: null }),
	leave: () => ({ type: 'leave', id: newId() }),
	packages: () => ({ type: 'packages', id: newId(), seat: newId(), packages: [], replace: false }),
	take: () => ({ type: 'take', id: newId(), seats: [newId()] }),
	epoch: () => ({ type: 'epoch', id: newId(), generation: 99, seats: [newId()], welcome: '' }),
	applied: () => ({ type: 'applied', generation: 99 }),
	rejoin: () => ({ type: 'rejoin', id: newId() }),
	relay: () => ({ type: 'relay', id: newId(), to: newId(), body: '' }),
	act: () => ({ type: 'act', id: newId(), act: 'opened' }),
};
