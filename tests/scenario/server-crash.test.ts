import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Line } from '../line.ts';
import { type TestRecorder, someBytes, startRecording } from '../recorder.ts';
import { callOf, enter } from '../room.ts';
import { startServer, type TestServer } from '../server.ts';
import { signUp, type Staff } from '../staff.ts';
import { bytesOf, newId } from '../wire.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: TestServer;
let maya: Staff;

beforeAll(async () => {
	server = await startServer();
	maya = await signUp(server.address, server.setupUrl);
});
afterAll(() => server.stop());

test('kill -9: every body that was acknowledged to its sender arrives', async () => {
	const { session, host, guests } = await callOf(maya, 1);
	const [lea] = guests;
	if (!lea) throw new Error('a guest');
	const written = new Set<string>();
	let sent = 0;
	const sending = (async () => {
		while (host.line.socket.readyState === host.line.socket.OPEN && sent < 400) {
			const body = Buffer.from(`letter ${(sent += 1)}`).toString('base64url');
			host.line
				.ask({ type: 'relay', id: newId(), to: lea.seat, body })
				.then(({ type }) => (type === 'done' ? written.add(body) : undefined))
				.catch(() => undefined);
			await new Promise((resolve) => setTimeout(resolve, 8));
		}
	})();
	await vi.waitFor(() => expect(written.size).toBeGreaterThan(40), { timeout: 20_000 });
	await server.kill('SIGKILL');
	await sending;
	const inTime = lea.line.received.filter(({ type }) => type === 'relay');
	expect(inTime.length).toBeLessThan(sent);
	await server.restart();
	const back = await Line.greeted(server.address, lea.token);
	await back.ask({ ...lea.knock, id: newId() });
	expect(await back.next('room')).toMatchObject({ generation: 1, epoch: { generation: 1 } });
	const arrived = new Set<string>();
	for (const body of written) {
		if (arrived.has(body)) continue;
		const letter = await back.next('relay');
		arrived.add(letter.body);
		back.send({ type: 'ack', n: letter.n });
	}
	expect([...written].filter((body) => !arrived.has(body))).toEqual([]);
	const again = await enter(maya, session, host.seat);
	expect(
		(await again.line.ask({ type: 'relay', id: newId(), to: lea.seat, body: 'AA' })).type,
	).toBe('done');
	await Promise.all([back.close(), again.line.close()]);
});

async function uploadUntilDead(
	recorder: TestRecorder,
	kill: () => Promise<void>,
): Promise<Buffer[]> {
	const stored: Buffer[] = [];
	const killed = new Promise((resolve) => setTimeout(resolve, 700)).then(kill);
	try {
		for (let chunk = 0; chunk < 5000; chunk += 1) {
			const bytes = Buffer.from(someBytes(20_000));
			const { status } = await recorder.put(recorder.audio, chunk, bytes);
			if (status === 201) stored.push(bytes);
		}
	} catch (error) {
		// The connection broke in the middle of a chunk.
		if (!(error instanceof TypeError)) throw error;
	}
	await killed;
	return stored;
}

test('kill -9: every chunk that was acknowledged is there, and the upload goes on', async () => {
	const recorder = await startRecording(maya);
	for (let round = 0; round < 2; round += 1) {
		const stored = await uploadUntilDead(recorder, () => server.kill('SIGKILL'));
		expect(stored.length).toBeGreaterThan(0);
		await server.restart();
		recorder.token = '';
		const { body } = await recorder.call('GET', `/${recorder.id}`);
		const object = body.objects.find((it: { part: number }) => it.part === 0);
		// At most the one chunk whose answer was cut off is there beyond what was acknowledged.
		expect(object.chunks - stored.length).toBeGreaterThanOrEqual(0);
		expect(object.chunks - stored.length).toBeLessThanOrEqual(1);
		const response = await recorder.range(recorder.audio, '');
		const bytes = Buffer.from(await response.arrayBuffer());
		expect(bytes.subarray(0, stored.length * 20_000).equals(Buffer.concat(stored))).toBe(true);
		const next = await recorder.put(recorder.audio, object.chunks, someBytes(10));
		expect(next.status).toBe(201);
		expect((await recorder.call('DELETE', `/${recorder.id}`)).status).toBe(204);
		if (round === 0) Object.assign(recorder, await startRecording(maya));
	}
});

test('a restart in peace: sockets get a code, the log of changes is written back', async () => {
	const line = await maya.line();
	await server.kill('SIGTERM');
	expect(await line.closed).toBe(1012);
	expect((await readdir(server.dataDir)).toSorted()).toEqual(
		expect.not.arrayContaining(['sotto.db-wal']),
	);
	await server.restart();
	expect((await maya.call('GET', '/api/me')).status).toBe(200);
	expect(server.setupUrl).toBeUndefined();
});

async function databaseFiles(): Promise<Buffer[]> {
	const names = (await readdir(server.dataDir)).filter((name) => name.startsWith('sotto'));
	return Promise.all(names.map((name) => readFile(join(server.dataDir, name))));
}

test('what an ended session relayed is in no file any more', async () => {
	const { session, host, guests } = await callOf(maya, 1);
	// Long enough for pages of its own: what is freed as a whole is what stays readable.
	const secret = bytesOf(30_000);
	const slices = Array.from({ length: 40 }, (_, n) => secret.slice(n * 1000, n * 1000 + 50));
	const to = guests[0]?.seat ?? '';
	await host.line.ask({ type: 'relay', id: newId(), to, body: secret });
	const found = async () =>
		(await databaseFiles()).some((bytes) => slices.some((slice) => bytes.includes(slice)));
	expect(await found()).toBe(true);
	await maya.call('POST', `/api/sessions/${session}/end`);
	expect(await found()).toBe(false);
});

test('two servers do not share a directory, and each refusal is a sentence', async () => {
	const main = join(import.meta.dirname, '../../signaling/main.ts');
	const run = (env: Record<string, string>) => {
		const { stderr, status } = spawnSync(process.execPath, [main], {
			env: { ...process.env, LOG_LEVEL: 'silent', ...env },
			encoding: 'utf8',
			// One that is not refused would run, and hold up all tests, for ever.
			timeout: 30_000,
		});
		return { stderr: stderr.trim(), status };
	};
	const { port } = new URL(server.address);
	expect(run({ PORT: '0', DATA_DIR: server.dataDir })).toEqual({
		stderr: 'Another server uses this DATA_DIR: stop it, or set DATA_DIR.',
		status: 1,
	});
	const dataDir = await mkdtemp(join(tmpdir(), 'sotto-second-'));
	expect(run({ PORT: port, DATA_DIR: dataDir })).toEqual({
		stderr: `Port ${port} is in use: stop what listens there, or set PORT.`,
		status: 1,
	});
	expect(run({ PORT: '70000', TURN_URL: 'turn:a' }).stderr).toBe(
		'PORT must be a whole number between 0 and 65535.',
	);
	await rm(dataDir, { recursive: true });
});

/** A disk of its own, so small that it can be filled. */
async function smallDisk(
	sizeMB: number,
): Promise<{ path: string; free(): Promise<void> } | undefined> {
	const path = await mkdtemp(join(tmpdir(), 'sotto-disk-'));
	const args = ['-t', 'tmpfs', '-o', `size=${sizeMB}m`, 'tmpfs', path];
	if (spawnSync('mount', args).status !== 0) return undefined;
	return {
		path,
		async free() {
			spawnSync('umount', [path]);
			await rm(path, { recursive: true, force: true });
		},
	};
}

/** Deletes a recording from a full disk and stores a chunk of another. */
async function roomAgain(admin: Staff, recorder: TestRecorder, bytes: Uint8Array) {
	const { status: deleted } = await recorder.call('DELETE', `/${recorder.id}`);
	if (deleted !== 204) return [deleted];
	const other = await startRecording(admin);
	return [deleted, (await other.put(other.final, 0, bytes)).status];
}

test.for([
	{ reserve: '4', what: 'with a reserve', after: [204, 201] },
	// Without one the database itself may be unable to say that something is deleted.
	{ reserve: '0', what: 'to the last byte', after: expect.any(Array) },
])(
	'a full disk $what: storage-full, nothing lost, room again after a deletion',
	async (row, { skip }) => {
		const disk = await smallDisk(16);
		if (!disk) {
			skip('it takes root to mount a small disk');
			return;
		}
		const full = await startServer({ dataDir: disk.path, env: { RESERVE_MB: row.reserve } });
		try {
			const admin = await signUp(full.address, full.setupUrl);
			const recorder = await startRecording(admin);
			const bytes = someBytes(512 * 1024);
			let stored = 0;
			let answer = await recorder.put(recorder.final, 0, bytes);
			while (answer.status === 201 && stored < 100)
				answer = await recorder.put(recorder.final, (stored += 1), bytes);
			expect(answer).toMatchObject({ status: 507, body: { error: 'storage-full' } });
			expect(stored).toBeGreaterThan(5);
			const part = join(disk.path, 'objects', recorder.id, recorder.final, '0');
			expect(await readdir(part)).toHaveLength(stored);
			const again = await recorder.put(recorder.final, stored, bytes);
			expect(again.body.error).toBe('storage-full');
			const { body } = await recorder.call('GET', `/${recorder.id}`);
			expect(body.objects).toMatchObject([{ chunks: stored, bytes: stored * bytes.length }]);
			expect((await recorder.range(recorder.final, 'bytes=0-99')).status).toBe(206);
			const { bavail, bsize } = await statfs(disk.path);
			expect(bavail * bsize).toBeGreaterThanOrEqual((Number(row.reserve) - 1) * 1024 * 1024);
			expect(await roomAgain(admin, recorder, bytes)).toEqual(row.after);
		} finally {
			await full.kill('SIGKILL');
			await disk.free();
		}
	},
);
