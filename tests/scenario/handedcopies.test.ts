import { beforeAll, expect, test, vi } from 'vitest';
import { type App, join as joins, password } from '../app.ts';
import { Device } from '../device.ts';
import { film } from '../films.ts';
import { founded } from '../practices.ts';
import { storeRecording } from '../recorded.ts';
import { openRewriting, opened } from '../rewrite.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// What was handed over is cut again and again: each copy names all that it comes from, and so who was made its host.
const here = founded();
type Rewriting = Awaited<ReturnType<typeof openRewriting>>;
let tom: { app: App; id: string };
let toms: Rewriting;
let eva: { app: App; id: string };
let evas: Rewriting;
let una: App;
let handOver: typeof import('../../pwa/src/lib/people/handover.ts').handOver;

beforeAll(async () => {
	tom = await joins(here.maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	toms = await openRewriting();
	const email = 'eva@alderstreet.example';
	eva = await joins(here.maya, { email, role: 'clinician', name: 'Eva Lindt' });
	evas = await openRewriting();
	({ app: una } = await joins(here.maya, { email: 'una@alderstreet.example', role: 'admin' }));
	({ handOver } = await import('../../pwa/src/lib/people/handover.ts'));
});

async function storeEvas(): Promise<string> {
	const { address } = here.local;
	const device = await Device.signIn({ address, email: 'eva@alderstreet.example', password });
	const filmed = (name: string, tone: number) => ({
		name,
		film: film({ colour: 'teal', tone, seconds: 8, size: '160x90', kilobits: 60 }),
		startMs: 0,
		durationMs: 8000,
	});
	const people = [filmed('Eva Lindt', 300), filmed('Dana Whitfield', 500)] as const;
	return (await storeRecording(device, { people: [people[0], people[1]] })).id;
}

/** A copy without the third half second, in the place of what it was made from. */
async function cut(app: App, rewriting: Rewriting, id: string): Promise<string> {
	const api = rewriting.recordingsApi();
	const { signal } = new AbortController();
	const about = { opened: await opened(app, id), passage: { from: 1000, to: 1500 } };
	const how = { api, sealer: rewriting.sealerHere(api, signal), signal, replaces: true };
	return rewriting.cutPassage({ ...about, ...how, progress: () => undefined });
}

test('a copy that was handed over is cut twice, and the new host opens what is left of it', async () => {
	const first = await storeEvas();
	const second = await cut(eva.app, evas, first);
	await una.changeMember(eva.id, { role: 'clinician', active: false });
	await handOver(second, tom.id);
	await tom.app.account.refresh();
	const third = await cut(tom.app, toms, second);
	const fourth = await cut(tom.app, toms, third);
	await expect(tom.app.fetchRecording(third)).rejects.toThrow('gone');
	const { manifest, recording } = await opened(tom.app, fourth);
	expect(recording).toMatchObject({ host: tom.id, madeBy: eva.id, state: 'finished' });
	const line = { root: first, between: [second], recording: third };
	expect(manifest.derivedFrom).toEqual(line);
	const fifth = await opened(tom.app, await cut(tom.app, toms, fourth));
	expect(fifth.manifest.derivedFrom).toEqual({
		...line,
		between: [second, third],
		recording: fourth,
	});
	expect(fifth.manifest.rewritten).toHaveLength(4);
});

test('a recording is not given up for a copy that cannot be opened', async () => {
	const { store } = here.local.server.context;
	const rows = await store
		.selectFrom('recordings')
		.select(['id', 'handover'])
		.where('host', '=', tom.id)
		.where('state', '=', 'finished')
		.execute();
	const [last] = rows;
	if (!last) throw new Error('nothing is left');
	const { id, handover } = last;
	const source = await opened(tom.app, id);
	// Between opening it and cutting it the word of the administrator is lost.
	await store.updateTable('recordings').set({ handover: null }).where('id', '=', id).execute();
	const api = toms.recordingsApi();
	const { signal } = new AbortController();
	const about = { opened: source, passage: { from: 1000, to: 1500 }, replaces: true };
	const how = { api, sealer: toms.sealerHere(api, signal), signal, progress: () => undefined };
	await expect(toms.cutPassage({ ...about, ...how })).rejects.toThrow('bad-signature');
	await store.updateTable('recordings').set({ handover }).where('id', '=', id).execute();
	expect((await opened(tom.app, id)).recording.state).toBe('finished');
});
