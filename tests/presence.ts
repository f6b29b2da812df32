import { protocolVersion } from '../signaling/protocol/version.ts';
import { tokenText } from '../signaling/protocol/account.ts';
import { presenceDeviceText } from '../signaling/protocol/presence.ts';
import { Line } from './line.ts';
import type { Staff } from './staff.ts';
import { type Answer, bytesOf, call, type Key, newKey, signWith } from './wire.ts';

/** The origin of an extension that servers take without any setting. */
export const extensionOrigin = 'chrome-extension://pdiedkbgiialimlifkeickglbmflnbmc';

/** What a member's page sends to pair an extension. */
export function newPresenceDevice(staff: Staff, options: { key?: Key; identity?: Key } = {}) {
	const { key = newKey(), identity = staff.identity } = options;
	const keys = { publicKey: key.publicKey, presenceKey: bytesOf(32) };
	const { practice, member } = staff.signedIn;
	const text = presenceDeviceText({ practice: practice.id, member: member.id, ...keys });
	const certificate = signWith(identity, 'sotto/presence-device/v1', text);
	return { ...keys, name: 'Chrome on Linux', certificate };
}

/** A paired browser extension: keys and requests, and nothing of the extension's own code. */
export class PresenceDevice {
	readonly address: string;
	readonly id: string;
	readonly key: Key;

	constructor(options: { address: string; id: string; key: Key }) {
		this.address = options.address;
		this.id = options.id;
		this.key = options.key;
	}

	/** A fresh token, or the refusal. */
	async token(options: { scope?: 'presence' | 'staff' } = {}): Promise<Answer> {
		const { scope = 'presence' } = options;
		const { address, id: device, key } = this;
		const origin = extensionOrigin;
		const asked = await call(address, 'POST', '/api/device/challenge', {
			body: { device },
			origin,
		});
		const { nonce } = asked.body;
		const signature = signWith(key, 'sotto/token/v1', tokenText({ origin, scope, nonce }));
		const body = { device, nonce, origin, scope, signature };
		return call(address, 'POST', '/api/device/token', { body, origin });
	}

	async call(method: string, path: string, body?: unknown): Promise<Answer> {
		const { token } = (await this.token()).body;
		const options = { token, origin: extensionOrigin, ...(body !== undefined && { body }) };
		return call(this.address, method, path, options);
	}

	/** An open socket, `hello` sent. */
	async line(): Promise<Line> {
		const { token } = (await this.token()).body;
		const line = await Line.open(this.address, { origin: extensionOrigin });
		line.send({ type: 'hello', token, version: protocolVersion });
		return line;
	}
}

/** Pairs an extension for a member, as her page does. */
export async function pairDevice(staff: Staff): Promise<PresenceDevice> {
	const key = newKey();
	const { status, body } = await staff.call(
		'POST',
		'/api/presence/devices',
		newPresenceDevice(staff, { key }),
	);
	if (status !== 201) throw new Error(`not paired: ${status} ${body.error}`);
	return new PresenceDevice({ address: staff.address, id: body.device, key });
}
