import { beforeAll, expect, test, vi } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { signJson } from '#crypto/identity/signed.ts';
import { checkHead } from '#crypto/log/head.ts';
import type { LogSource } from '#lib/proof/head.ts';
import { Erasures, erasableAfterMs } from '../../signaling/protocol/erasing.ts';
import { LogBlock, LogCheckpoint } from '../../signaling/protocol/log.ts';
import { type App, join as joins, password } from '../app.ts';
import { Device } from '../device.ts';
import { founded } from '../practices.ts';
import { type Recorded, storeRecording } from '../recorded.ts';
import { opened } from '../rewrite.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

// What an administrator signed holds when she is one no more.
const here = founded();
let una: { app: App; id: string };
let tom: { app: App; id: string };
let made: Recorded;

beforeAll(async () => {
	tom = await joins(here.maya, { email: 'tom@alderstreet.example', role: 'clinician' });
	const email = 'eva@alderstreet.example';
	const eva = await joins(here.maya, { email, role: 'clinician', name: 'Eva Lindt' });
	const device = await Device.signIn({ address: here.local.address, email, password });
	const filmed = (name: string) => ({ name, film: random(20_000), startMs: 0, durationMs: 60_000 });
	made = await storeRecording(device, { people: [filmed('Eva Lindt'), filmed('Dana Whitfield')] });
	await here.maya.changeMember(eva.id, { role: 'clinician', active: false });
	una = await joins(here.maya, { email: 'una@alderstreet.example', role: 'admin' });
	const { handOver } = await import('../../pwa/src/lib/people/handover.ts');
	await handOver(made.id, tom.id);
	await eraseRow(5);
});

const formerRoles = () =>
	(here.maya.account.members.former ?? []).flatMap(({ id, role }) => (id === una.id ? [role] : []));

/** Una signs as an administrator that a row is erased. */
async function eraseRow(n: number): Promise<void> {
	const { identity, practice } = una.app.account;
	const about = { v: 1, practice: practice.id, author: una.id, at: here.local.clock.now() };
	const value = { ...about, key: toBase64url(identity.signing.publicKey), rows: [n] };
	const signed = await signJson({ key: identity.signing, context: 'sotto/erasure/v1', value });
	const { history, store } = here.local.server.context;
	await history.add(store, { act: 'erased', who: una.id, signed });
}

/** Whether Tom's client believes that a row of six years ago was erased. */
async function believesErased(n: number): Promise<boolean> {
	const get = tom.app.fetchJson;
	const source: LogSource = {
		checkpoint: () => get(LogCheckpoint, { path: '/api/log/checkpoint' }),
		consistency: async () => undefined,
		block: ({ block, size }) => get(LogBlock, { path: `/api/log/blocks/${block}?size=${size}` }),
		erasures: async () => (await get(Erasures, { path: '/api/log/erasures' })).rows,
	};
	const at = here.local.clock.now();
	const { now: head } = await checkHead(source, { known: undefined, at });
	if (!head) throw new Error('no head');
	const { members, practice } = tom.app.account;
	const { readErased } = await import('#lib/proof/erased.ts');
	const authority = { members, practice: practice.id };
	const erased = await readErased(source, { head, authority, now: at });
	return erased({ n, at: at - erasableAfterMs });
}

test('what she handed over opens, and what she erased is erased, when she only plans, and when she left', async () => {
	for (const active of [true, false]) {
		await here.maya.changeMember(una.id, { role: 'scheduler', active });
		await tom.app.account.refresh();
		const { recording } = await opened(tom.app, made.id);
		expect(recording.host).toBe(tom.id);
		expect(await believesErased(5)).toBe(true);
		expect(formerRoles()[0]).toBe('admin');
	}
	expect(formerRoles()).toEqual(['admin', 'scheduler']);
});
