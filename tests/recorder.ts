import { randomBytes } from 'node:crypto';
import type { Grant } from '../signaling/protocol/recordings.ts';
import { type Answer, bytesOf, call, type Key, newId, newKey, signed } from './wire.ts';
import type { Staff } from './staff.ts';

/** A recorder as the server sees it: ids, sealed bytes and nothing else. */
export class TestRecorder {
	readonly id = newId();
	readonly key: Key = newKey();
	readonly tracks = [
		{ id: this.id, kind: 'manifest' as const, person: -1 },
		{ id: newId(), kind: 'audio' as const, person: 0 },
		{ id: newId(), kind: 'video' as const, person: 0 },
		{ id: newId(), kind: 'final' as const, person: 0 },
	];
	readonly staff: Staff;
	readonly session: string;
	token = '';

	constructor(staff: Staff, session: string) {
		this.staff = staff;
		this.session = session;
	}

	get audio(): string {
		return this.tracks[1]?.id ?? '';
	}

	get final(): string {
		return this.tracks[3]?.id ?? '';
	}

	grant(change: Partial<Grant> = {}): Grant {
		return {
			id: newId(),
			recording: this.id,
			recipient: this.staff.signedIn.practice.id,
			recipientKey: bytesOf(32),
			grantor: this.staff.signedIn.member.id,
			expiresAt: null,
			enc: bytesOf(1120),
			ciphertext: bytesOf(200),
			signature: bytesOf(64),
			...change,
		};
	}

	async call(method: string, path: string, body?: unknown, headers = {}): Promise<Answer> {
		if (this.token === '') this.token = (await this.staff.token()).body.token;
		const { token } = this;
		return call(this.staff.address, method, `/api/recordings${path}`, { body, token, headers });
	}

	request(grants: Grant[] = [this.grant()]) {
		const { id, session, tracks } = this;
		return { id, session, recorderKey: this.key.publicKey, tracks, grants };
	}

	async start(): Promise<this> {
		const { status, body } = await this.call('POST', '', this.request());
		if (status !== 201) throw new Error(`no recording: ${status} ${JSON.stringify(body)}`);
		return this;
	}

	put(track: string, chunk: number, bytes: Uint8Array, part = 0): Promise<Answer> {
		return this.call('PUT', `/${this.id}/objects/${track}/${part}/${chunk}`, bytes);
	}

	range(track: string, range: string, part = 0): Promise<Response> {
		return fetch(`${this.staff.address}/api/recordings/${this.id}/objects/${track}/${part}`, {
			headers: { authorization: `Bearer ${this.token}`, ...(range && { range }) },
		});
	}

	checkpoint(key: Key = this.key): Promise<Answer> {
		const checkpoint = signed(key, 'sotto/checkpoint/v1', { at: 1 });
		return this.call('POST', `/${this.id}/checkpoints`, checkpoint);
	}
}

/** A session that is to be recorded, and its recorder with the wrapped keys stored. */
export async function startRecording(staff: Staff): Promise<TestRecorder> {
	const { id } = await staff.session({ recorded: true });
	return new TestRecorder(staff, id).start();
}

export const someBytes = (length: number) => new Uint8Array(randomBytes(length));
