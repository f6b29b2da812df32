import { expect, test, vi } from 'vitest';
import { type App, join } from '../app.ts';
import { recorded } from '../apprecorded.ts';
import { founded } from '../practices.ts';
import { newId } from '../wire.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// The app's own code: a host, and an admin who says why before she opens what is not hers.
const here = founded();

const summary = {
	title: 'Individual session',
	people: [],
	purpose: 'Training',
	keptUntil: null,
	durationMs: 1,
	ending: { is: 'complete' },
} as const;
const span = { from: 0, to: 9_999_999_999_999, after: null };

/** A recording with a summary, and what its host writes as its notes. */
async function noted(host: App) {
	const recording = await recorded(host);
	const { grants } = await host.fetchRecording(recording);
	const keys = await host.openTrackKeys({ recording, grants, opener: host.opener() });
	const place = { recording, keys };
	await host.writeAnnotation({ ...place, kind: 'summary', before: 0, body: summary });
	const write = (before: number, text: string) => {
		const items = [{ id: newId(), kind: 'note', atMs: 0, text }];
		return host.writeAnnotation({ ...place, kind: 'notes', before, body: { v: 1, items } });
	};
	return { ...place, write };
}

type Known = Parameters<App['readAll']>[1]['known'];

/** What a list of this app reads of a recording. */
async function listed(app: App, recording: string, known: Known = new Map()) {
	const { briefs } = await app.fetchBriefs(span);
	const found = new Map(known);
	await app.readAll(
		briefs.filter(({ id }) => id === recording),
		{
			known,
			signal: new AbortController().signal,
			onRead: async (read) => {
				for (const [id, one] of read) if ('shelved' in one) found.set(id, one.shelved);
			},
		},
	);
	return { found, one: found.get(recording), brief: briefs.find(({ id }) => id === recording) };
}

test('the list of an admin has no word of the notes that somebody else wrote', async () => {
	const { maya } = here;
	const tom = await join(maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	const { recording, write } = await noted(tom.app);
	await write(0, 'Talked about the garden');
	const hers = await listed(tom.app, recording);
	expect(hers.brief).toMatchObject({ summary: 1, notes: 1 });
	expect(hers.one?.summary).toEqual({ ...summary, notes: 'Talked about the garden' });
	await maya.account.refresh();
	const admins = await listed(maya, recording);
	expect(admins.brief).toMatchObject({ summary: 1, notes: 0 });
	expect(admins.one?.summary).toEqual({ ...summary, notes: '' });
	const { notes } = await maya.fetchRows([recording]);
	expect(notes).toEqual([]);
	await maya.tellReason(await maya.fetchRecording(recording), 'Supervision');
	expect((await listed(maya, recording)).one?.summary.notes).toBe('');
});

test('older words in the place of newer ones are not believed', async () => {
	const { maya } = here;
	const { recording, keys, write } = await noted(maya);
	const { store } = here.local.server.context;
	const kept = () =>
		store
			.selectFrom('annotations')
			.select(['version', 'content'])
			.where('recording', '=', recording)
			.where('kind', '=', 'notes')
			.executeTakeFirstOrThrow();
	const show = (row: Awaited<ReturnType<typeof kept>>) =>
		store
			.updateTable('annotations')
			.set(row)
			.where('recording', '=', recording)
			.where('kind', '=', 'notes')
			.execute();
	await write(0, 'first');
	const old = await kept();
	await write(1, 'second');
	const { found, one } = await listed(maya, recording);
	expect([one?.summary.notes, one?.notes]).toEqual(['second', { version: 2, seen: 2 }]);
	// As it was, which whoever has read the newer one knows.
	await show(old);
	const again = await listed(maya, recording, found);
	expect([again.one?.summary.notes, again.one?.notes]).toEqual(['second', { version: 1, seen: 2 }]);
	// And as if it were the newest.
	await show({ ...old, version: 3 });
	const renamed = await listed(maya, recording, found);
	expect(renamed.one?.summary.notes).toBe('second');
	const { Notes } = maya;
	await expect(
		maya.readAnnotation({ recording, keys, kind: 'notes', schema: Notes }),
	).rejects.toThrow('stale');
});
