import { beforeAll, expect, test, vi } from 'vitest';
import { random } from '#crypto/bytes.ts';
import { RequestTasks } from '../../signaling/protocol/requests.ts';
import { nothing } from '../../signaling/share/rows.ts';
import { type App, join as joins, password } from '../app.ts';
import { Device } from '../device.ts';
import { founded } from '../practices.ts';
import { type Recorded, type RecordedWish, storeRecording } from '../recorded.ts';
import { memory, openRewriting, opened } from '../rewrite.ts';
import { newId } from '../wire.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// Who recorded left: an administrator hands her recordings to a colleague, who answers for them then.
const here = founded();
let una: App;
let tom: { app: App; id: string };
let eva: { app: App; id: string };
let made: Recorded[];
let handOver: typeof import('../../pwa/src/lib/people/handover.ts').handOver;
let rewriting: Awaited<ReturnType<typeof openRewriting>>;

const store = () => here.local.server.context.store;

const part2 = {
	program: 'Alder Street Recovery',
	what: 'Sound and picture of this visit',
	to: 'Eva Lindt',
	revoke: 'In writing',
	ends: 'When the recording is deleted',
	care: false,
	refusal: 'The visit takes place all the same',
};

async function storeEvas(wish: Partial<RecordedWish> = {}): Promise<Recorded> {
	const { address } = here.local;
	const device = await Device.signIn({ address, email: 'eva@alderstreet.example', password });
	const filmed = (name: string) => ({ name, film: random(20_000), startMs: 0, durationMs: 60_000 });
	const people = [filmed('Eva Lindt'), filmed('Dana Whitfield')] as const;
	return storeRecording(device, { people: [people[0], people[1]], ...wish });
}

/** A share that waits for a device. */
async function shareWaiting(recording: string): Promise<string> {
	const id = newId();
	const share = { id, recording, sharer: eva.id, way: 'device', state: 'open' } as const;
	const times = { created_at: 1, expires_at: 9_999_999_999_999, ended_at: null };
	const counts = { mail_tries: 0, codes: 0, words_tries: 0, openings: 0, approved: 0, compared: 0 };
	const values = { ...nothing, ...share, ...times, ...counts, tracks: '[]', mail: 'none' } as const;
	await store()
		.insertInto('shares')
		.values({ ...values, about: 'sealed' })
		.execute();
	return id;
}

beforeAll(async () => {
	tom = await joins(here.maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	eva = await joins(here.maya, {
		email: 'eva@alderstreet.example',
		role: 'clinician',
		name: 'Eva Lindt',
	});
	made = [await storeEvas(), await storeEvas(), await storeEvas()];
	const signature = { signedAs: 'Dana Whitfield', at: 1_800_000_000_000 };
	const company = { 'Dana Whitfield': signature, 'Eva Lindt': { ...signature, signedAs: 'Eva' } };
	made.push(await storeEvas({ part2, company }));
	({ app: una } = await joins(here.maya, { email: 'una@alderstreet.example', role: 'admin' }));
	// The newest app's modules are those that hand over and rewrite: Una's.
	({ handOver } = await import('../../pwa/src/lib/people/handover.ts'));
	rewriting = await openRewriting();
});

const at = (n: number): string => made[n]?.id ?? '';

test('nobody takes a recording from a colleague who is here, and only an administrator hands one over', async () => {
	await expect(handOver(at(0), tom.id)).rejects.toThrow('conflict');
	await una.changeMember(eva.id, { role: 'clinician', active: false });
	const body = { host: tom.id, grant: null, signed: { text: '{}', signature: 'A'.repeat(86) } };
	const path = `/api/recordings/${at(0)}/host`;
	await expect(tom.app.request({ method: 'PUT', path, body })).rejects.toThrow('forbidden');
	await expect(una.request({ method: 'PUT', path, body })).rejects.toThrow('bad-request');
	await expect(tom.app.fetchRecording(at(0))).rejects.toThrow('not-found');
});

test('whom it was handed to opens it, is told who else does, answers what was asked, and deletes it', async () => {
	const share = await shareWaiting(at(0));
	await handOver(at(0), tom.id);
	await handOver(at(0), tom.id);
	await tom.app.account.refresh();
	const { recording } = await opened(tom.app, at(0));
	expect(recording).toMatchObject({ host: tom.id, madeBy: eva.id });
	expect(
		await store().selectFrom('shares').select('state').where('id', '=', share).execute(),
	).toEqual([{ state: 'ended' }]);
	const rows = await store()
		.selectFrom('history')
		.select(['act', 'who', 'about'])
		.where('recording', '=', at(0))
		.where('act', 'in', ['handed-over', 'granted', 'share-ended'])
		.orderBy('n')
		.execute();
	const who = una.account.member.id;
	expect(rows).toEqual([
		{ act: 'handed-over', who, about: tom.id },
		{ act: 'granted', who, about: tom.id },
		{ act: 'share-ended', who, about: share },
	]);
	await una.tellReason(await una.fetchRecording(at(0)), 'A complaint');
	const openings = new tom.app.OpeningsHere();
	await openings.load();
	expect(openings.list.map(({ words }) => words)).toEqual(['A complaint']);
	// What was asked of that session is his to answer, and of no other session of hers.
	const asked = async (n: number) => {
		const { session, places } = made[n] ?? {};
		const body = {
			id: newId(),
			session,
			kind: 'delete',
			receivedAt: here.local.clock.now() - 1000,
		};
		const about = { ...body, place: places?.get('Dana Whitfield') };
		await una.request({ method: 'POST', path: '/api/requests', body: about });
		return body.id;
	};
	const [hers, other] = [await asked(0), await asked(1)];
	const { requests } = await tom.app.fetchJson(RequestTasks, { path: '/api/requests' });
	expect(requests.map(({ id }) => id)).toEqual([hers]);
	const close = (id: string) =>
		tom.app.request({
			method: 'POST',
			path: `/api/requests/${id}/close`,
			body: { state: 'declined', reason: 'law', words: null },
		});
	await expect(close(other)).rejects.toThrow('not-found');
	await close(hers);
	await tom.app.deleteRecording(at(0));
	await expect(una.fetchRecording(at(0))).rejects.toThrow('gone');
	const left = store().selectFrom('recordings').select(['state', 'handover']);
	expect(await left.where('id', '=', at(0)).execute()).toEqual([
		{ state: 'deleted', handover: null },
	]);
});

test('sealed anew after it was handed over, it is for the new host and no more for who left', async () => {
	await handOver(at(1), tom.id);
	const mine = await opened(una, at(1));
	expect(mine.recording.recipients).toContain(eva.id);
	await una.tellReason(mine.recording, 'Eva left');
	const api = rewriting.recordingsApi();
	const { signal } = new AbortController();
	await rewriting.relock({
		opened: mine,
		recipients: mine.recording.recipients.filter((id) => id !== eva.id),
		api,
		sealer: rewriting.sealerHere(api, signal),
		begun: memory(),
		signal,
		progress: () => undefined,
	});
	const { recording } = await opened(tom.app, at(1));
	expect(recording.recipients.toSorted()).toEqual([tom.id, una.account.practice.id].toSorted());
});

test('a host whom no administrator named is not believed', async () => {
	await handOver(at(2), tom.id);
	const told = await tom.app.fetchRecording(at(2));
	const other = await tom.app.fetchRecording(at(1));
	await tom.app.openRecording(told);
	for (const lie of [
		{ host: una.account.member.id },
		{ handover: null },
		{ handover: other.handover },
	])
		await expect(tom.app.openRecording({ ...told, ...lie })).rejects.toThrow('bad-signature');
	// Nor that it was the new host who recorded it.
	await expect(tom.app.openRecording({ ...told, madeBy: tom.id })).rejects.toThrow('forged');
	const { signAct } = await import('../../pwa/src/lib/proof/act.ts');
	const signed = await signAct({ act: 'granted', recording: at(2), about: tom.id });
	await expect(tom.app.openRecording({ ...told, handover: signed })).rejects.toThrow(
		'bad-signature',
	);
});

test('what a consent under 42 CFR Part 2 says who gets is handed over without its keys, and with them once that is answered', async () => {
	await handOver(at(3), tom.id);
	const told = await una.fetchRecording(at(3));
	expect(told).toMatchObject({ host: tom.id, madeBy: eva.id });
	expect(told.recipients).not.toContain(tom.id);
	await expect(opened(tom.app, at(3))).rejects.toThrow('not-a-recipient');
	// As on its page, behind the question whether the consent names him.
	await una.give(told, tom.id);
	const { evidence } = await opened(tom.app, at(3));
	expect(evidence.notice?.notice.part2).toEqual(part2);
});
