import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll } from 'vitest';
import { enforceRetention } from '../signaling/retention/sweep.ts';
import { type LocalServer, localPractice, localServer } from './local.ts';
import { TestRecorder, someBytes } from './recorder.ts';
import { Staff } from './staff.ts';
import { type Key, bytesOf, newId, signed, signedNotice } from './wire.ts';

/** A practice of one person with a clock that tests move, whose recordings end by their dates. */
export class Retaining {
	maya!: Staff;
	local!: LocalServer;

	async start(): Promise<void> {
		const made = await localPractice();
		this.local = made;
		this.maya = made.maya;
	}

	async stop(): Promise<void> {
		await this.local.stop();
		await rm(this.local.dataDir, { recursive: true, force: true });
	}

	/** A finished recording of a session with this notice, which those in `more` can open too. */
	async recorded(words: object, staff = this.maya, more: string[] = []): Promise<TestRecorder> {
		const id = newId();
		const made = await staff.call('POST', '/api/sessions', {
			id,
			startsAt: this.local.clock.now(),
			minutes: 50,
			sealed: bytesOf(100),
			notice: signedNotice(staff.identity, id, words),
			places: [{ id: newId(), sealed: bytesOf(50) }],
		});
		assert.equal(made.status, 201);
		const recorder = new TestRecorder(staff, id);
		const grants = [recorder.grant(), ...more.map((recipient) => recorder.grant({ recipient }))];
		assert.equal((await recorder.call('POST', '', recorder.request(grants))).status, 201);
		assert.equal((await recorder.put(recorder.final, 0, someBytes(5000))).status, 201);
		const finish = { recovered: false, keep: [], remove: [recorder.audio] };
		assert.equal((await recorder.call('POST', `/${recorder.id}/finish`, finish)).status, 204);
		return recorder;
	}

	async of({ id }: TestRecorder, staff = this.maya) {
		return (await staff.call('GET', `/api/recordings/${id}/retention`)).body;
	}

	/** Signs the next version of it; gives "kept" or the code of the refusal. */
	async set(
		{ id }: TestRecorder,
		said: object,
		by: { staff?: Staff; key?: Key; author?: string } = {},
	): Promise<string> {
		const { staff = this.maya } = by;
		const { key = staff.identity, author = staff.signedIn.member.id } = by;
		const { version, keptUntil, hold, purpose } = (
			await this.maya.call('GET', `/api/recordings/${id}/retention`)
		).body;
		const statement = signed(key, 'sotto/retention/v1', {
			v: 1,
			recording: id,
			version: version + 1,
			author,
			at: this.local.clock.now(),
			purpose: purpose ?? 'record',
			keptUntil,
			hold,
			shortens: false,
			...said,
		});
		const path = `/api/recordings/${id}/retention`;
		const { status, body } = await staff.call('PUT', path, { statement });
		return status === 204 ? 'kept' : body.error;
	}

	/** What it is in now, or the code of why it is not told. */
	async stateOf({ id }: TestRecorder): Promise<string> {
		const { status, body } = await this.maya.call('GET', `/api/recordings/${id}`);
		return status === 200 ? body.state : body.error;
	}

	/** Everything that was done with it, oldest first. */
	async actsOf({ id }: TestRecorder): Promise<string[]> {
		const { store } = this.local.server.context;
		const rows = await store
			.selectFrom('history')
			.select(['act', 'who'])
			.where('recording', '=', id)
			.orderBy('n')
			.execute();
		return rows.map(({ act, who }) => (who === null ? `${act} by itself` : act));
	}

	/** How many recordings ended by their dates now. */
	sweep(): Promise<number> {
		return enforceRetention(this.local.server.context);
	}

	/** The server is away for so long, and starts again with the same data. */
	async away(ms: number): Promise<void> {
		const { dataDir, clock } = this.local;
		await this.local.close();
		clock.forward(ms);
		const next = await localServer({ dataDir, clock });
		const { email, password, deviceKey, recovery, identity, practiceKey, signedIn } = this.maya;
		const same = { email, password, deviceKey, recovery, identity, practiceKey, signedIn };
		this.maya = new Staff({ ...same, address: next.address });
		await this.maya.unlock();
		this.local = next;
	}
}

/** One for all tests of a file. */
export function retaining(): Retaining {
	const practice = new Retaining();
	beforeAll(() => practice.start());
	afterAll(() => practice.stop());
	return practice;
}
