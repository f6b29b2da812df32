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

test('turns that wait together share a commit; one that fails fails alone', async () => {
	const turns = new Turns(database.store);
	const happened: string[] = [];
	const commits = new Set<unknown>();
	const add = (name: string, work: (change: Change) => Promise<unknown>) =>
		turns.add({
			simple: name !== 'refused',
			async work(change) {
				commits.add(change.db);
				await work(change);
				change.onCommit(() => happened.push(name));
				change.mutate(() => () => happened.push(`undo ${name}`));
			},
			failed: () => happened.push(`${name} failed`),
		});
	add('a', (change) => write(change, 'a'));
	add('refused', async (change) => {
		await write(change, 'never');
		change.onCommit(() => happened.push('never'));
		change.mutate(() => () => happened.push('undo refused'));
		throw new ServerError('gone');
	});
	add('b', (change) => write(change, 'b'));
	await turns.idle();
	expect(happened).toEqual(['undo refused', 'a', 'b', 'refused failed']);
	expect(commits.size).toBe(1);
	expect(await rows()).toEqual(['a', 'b']);

	happened.length = 0;
	add('c', (change) => write(change, 'c'));
	add('twice', (change) => write(change, 'a'));
	add('d', (change) => write(change, 'd'));
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
							simple: true,
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
