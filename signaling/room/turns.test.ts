import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServerError } from '../errors.ts';
import { type OpenStore, openStore } from '../store/database.ts';
import { type Change, Turns } from './turns.ts';

let folder: string;
let database: OpenStore;

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'sotto-turns-'));
	database = await openStore(folder);
});
afterAll(async () => {
	await database.close();
	await rm(folder, { recursive: true });
});

const write = (change: Change, recording: string) =>
	change.db.insertInto('tombstones').values({ recording, at: 1 }).execute();
const rows = async () =>
	(await database.store.selectFrom('tombstones').select('recording').execute()).map(
		({ recording }) => recording,
	);

test('small turns that wait together share a commit; one that fails fails alone', async () => {
	const turns = new Turns(database.store);
	const happened: string[] = [];
	const commits = new Set<Change>();
	const small = (name: string, work: (change: Change) => Promise<unknown>) =>
		turns.add({
			small: true,
			async work(change) {
				commits.add(change);
				await work(change);
				change.onCommit(() => happened.push(name));
				change.onAbort(() => happened.push(`undo ${name}`));
			},
			failed: () => happened.push(`${name} failed`),
		});
	small('a', (change) => write(change, 'a'));
	small('refused', () => Promise.reject(new ServerError('gone')));
	small('b', (change) => write(change, 'b'));
	await turns.idle();
	expect(happened).toEqual(['a', 'b', 'refused failed']);
	expect(commits.size).toBe(1);
	expect(await rows()).toEqual(['a', 'b']);

	happened.length = 0;
	small('c', (change) => write(change, 'c'));
	small('twice', (change) => write(change, 'a'));
	small('d', (change) => write(change, 'd'));
	await turns.idle();
	// The shared commit is taken back, then each has one of its own.
	expect(happened).toEqual(['undo c', 'c', 'twice failed', 'd']);
	expect(await rows()).toEqual(['a', 'b', 'c', 'd']);
});

test('everything happens in the order in which it came', async () => {
	const turns = new Turns(database.store);
	const order: number[] = [];
	await Promise.all(
		Array.from({ length: 50 }, (_, n) =>
			n % 3 === 0
				? turns.run(async (change) => {
						await Promise.resolve();
						change.onCommit(() => order.push(n));
					})
				: new Promise<void>((resolve) =>
						turns.add({
							small: true,
							failed: () => resolve(),
							work: async (change) =>
								change.onCommit(() => {
									order.push(n);
									resolve();
								}),
						}),
					),
		),
	);
	expect(order).toEqual(Array.from({ length: 50 }, (_, n) => n));
	await expect(turns.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
});
