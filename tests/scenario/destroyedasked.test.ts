import { beforeAll, expect, test, vi } from 'vitest';
import { toBase64url } from '#crypto/bytes.ts';
import { signJson } from '#crypto/identity/signed.ts';
import { addRequest } from '../../signaling/request/requests.ts';
import { type App, openApp, password } from '../app.ts';
import { film } from '../films.ts';
import { founded } from '../practices.ts';
import type { Recorded } from '../recorded.ts';
import { memory, openRewriting, opened, storeMayas } from '../rewrite.ts';
import { newId } from '../wire.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// She asked to be deleted, and her track is destroyed: that is done only where she is in nothing else of the session.
const here = founded();
let maya: App;
let rewriting: Awaited<ReturnType<typeof openRewriting>>;
let closeDestroyed: typeof import('../../pwa/src/lib/requests/destroyed.ts').closeDestroyed;
const { signal } = new AbortController();
const dana = 1;

beforeAll(async () => {
	maya = await openApp(here.local.address);
	await maya.account.signIn('maya@alderstreet.example', password);
	rewriting = await openRewriting();
	({ closeDestroyed } = await import('../../pwa/src/lib/requests/destroyed.ts'));
});

const context = () => here.local.server.context;

/** Dana asks, with the key that she has in the recording, that it is deleted. */
async function asks({ session, places, keys }: Recorded): Promise<string> {
	const [place, key] = [places.get('Dana Whitfield'), keys.get('Dana Whitfield')];
	if (place === undefined || !key) throw new Error('no Dana');
	const id = newId();
	const about = { id, session, place, kind: 'delete' } as const;
	const subject = toBase64url(key.publicKey);
	const value = { v: 1, ...about, subject, box: newId().padEnd(43, 'A'), at: 1 };
	const content = JSON.stringify(await signJson({ key, context: 'sotto/request/v1', value }));
	const asked = { ...about, content, source: 'participant', member: null, who: place } as const;
	const receivedAt = here.local.clock.now() - 1000;
	await context()
		.store.transaction()
		.execute((db) => addRequest(context(), db, { ...asked, receivedAt }));
	return id;
}

const stateOf = async (id: string): Promise<string | undefined> =>
	(
		await context()
			.store.selectFrom('requests')
			.select('state')
			.where('id', '=', id)
			.executeTakeFirst()
	)?.state;

const about = () => ({ person: dana, captions: true, api: rewriting.recordingsApi(), signal });

test('with the only recording of a session her request is done', async () => {
	const made = await storeMayas(here.local);
	const id = await asks(made);
	const before = await opened(maya, made.id);
	await rewriting.destroyPerson({ ...about(), opened: before });
	expect(await stateOf(id)).toBe('open');
	await closeDestroyed(before, dana);
	expect(await stateOf(id)).toBe('done');
});

test('with another recording of the session, it stays open for somebody to look', async () => {
	const made = await storeMayas(here.local);
	const id = await asks(made);
	const { store } = context();
	const row = await store
		.selectFrom('recordings')
		.selectAll()
		.where('id', '=', made.id)
		.executeTakeFirstOrThrow();
	const other = newId();
	await store
		.insertInto('recordings')
		.values({ ...row, id: other })
		.execute();
	const history = context().history;
	// Somebody else's track went there: the server cannot tell whose.
	const lost = { act: 'track-destroyed', who: maya.account.member.id, recording: other } as const;
	await store.transaction().execute((db) => history.add(db, { ...lost, session: made.session }));
	const before = await opened(maya, made.id);
	await rewriting.destroyPerson({ ...about(), opened: before });
	await closeDestroyed(before, dana);
	expect(await stateOf(id)).toBe('open');
	await store.deleteFrom('recordings').where('id', '=', other).execute();
	await closeDestroyed(before, dana);
	expect(await stateOf(id)).toBe('done');
});

test('a copy hinders nothing once she is destroyed in it, and destroyed in a copy alone she is still there', async () => {
	const filmed = (name: string, tone: number) => ({
		name,
		film: film({ colour: 'teal', tone, seconds: 8, size: '160x90', kilobits: 60 }),
		startMs: 0,
		durationMs: 8000,
	});
	const people = [filmed('Dr. Maya Okafor', 300), filmed('Dana Whitfield', 500)] as const;
	const made = await storeMayas(here.local, { people: [people[0], people[1]] });
	const id = await asks(made);
	const source = await opened(maya, made.id);
	const { api } = about();
	const copy = await rewriting.cutPassage({
		opened: source,
		passage: { from: 1000, to: 1500 },
		replaces: false,
		api,
		sealer: rewriting.sealerHere(api, signal),
		signal,
		progress: () => undefined,
	});
	const copied = await opened(maya, copy);
	await rewriting.destroyTrack({ ...about(), opened: copied });
	await closeDestroyed(copied, dana);
	expect(await stateOf(id)).toBe('open');
	await rewriting.giveUp(made.id, memory());
	await rewriting.destroyPerson({ ...about(), opened: source });
	await closeDestroyed(source, dana);
	expect(await stateOf(id)).toBe('done');
});
