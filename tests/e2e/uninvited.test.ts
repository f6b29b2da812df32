import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { toBase64url } from '#crypto/bytes.ts';
import type { SignedReceipt } from '#crypto/consent/consent.ts';
import { PackageStore, certifyRecorder } from '#crypto/group/group.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { type TestServer, startServer } from '../server.ts';
import { type Insider, newId, reported, until } from './insider.ts';
import { HostInsider, type HostedSession } from './insiders.ts';
import { looks } from './media.ts';
import { type Person, person, wait } from './people.ts';
import { expect as expectThat } from './playwright.ts';
import { Tap } from './tap.ts';

// A host whose client keeps no rules brings a recorder in; the patient's real browser has the last word.
let server: TestServer;
let clinician: HostInsider;
let dana: Person;
let maya: Person;
const inside: Insider[] = [];

beforeAll(async () => {
	server = await startServer();
	clinician = await HostInsider.setUp(server.address, server.setupUrl);
	[dana, maya] = await Promise.all([person({ looks: looks.dana }), person({ looks: looks.maya })]);
	await dana.page.addInitScript(hideRecorders);
});

afterAll(async () => {
	await Promise.all([dana?.close(), maya?.close()]);
	await server?.stop();
});

afterEach(() => {
	for (const one of inside.splice(0)) one.close();
	const thrown = reported.splice(0);
	if (thrown.length > 0) throw thrown[0];
});

/** Runs in the page: the server's word about recorders does not come through, as if it wanted to hide them. */
function hideRecorders(): void {
	// oxlint-disable-next-line typescript/unbound-method
	const { addEventListener } = WebSocket.prototype;
	type Told = { type: string; seat?: { kind?: string }; seats?: { kind?: string }[] };
	const filtered = (listener: (event: MessageEvent) => void) => (event: MessageEvent<string>) => {
		const told: Told = JSON.parse(event.data);
		if (told.type === 'seat' && told.seat?.kind === 'recorder') return;
		if (told.type === 'room')
			told.seats = told.seats?.filter(({ kind }) => kind !== 'recorder') ?? [];
		listener(new MessageEvent('message', { data: JSON.stringify(told) }));
	};
	Object.assign(WebSocket.prototype, {
		addEventListener(this: WebSocket, type: string, listener: (event: Event) => void) {
			const heard = type === 'message' ? filtered(listener) : listener;
			Reflect.apply(addEventListener, this, [type, heard]);
		},
	});
}

interface Call {
	readonly session: HostedSession;
	readonly host: Insider;
	readonly tap: Tap;
	readonly recorder: { readonly seat: string; readonly store: PackageStore };
	/** What Dana signed when she came. */
	readonly receipt: SignedReceipt | null;
}

/** Dana comes and answers; the host lets her in, gets her frames, and has a recorder ready. */
async function callWith(answer: 'agree' | 'decline'): Promise<Call> {
	const session = await clinician.session(['Dana'], { recorded: true });
	const host = await clinician.enter(session);
	inside.push(host);
	await wait(dana.page, session.links.get('Dana') ?? '', answer);
	const { text } = await clinician.connect(host, session, 'Dana');
	const tap = await Tap.of(host, maya, server.address);
	await until('her frames come', async () => (await tap.during(500)).length > 20, 20_000);
	await host.memory.receipts.add(await host.say('consent'));
	return { session, host, tap, recorder: await newRecorder(host), receipt: text.receipt };
}

async function newRecorder(host: Insider): Promise<Call['recorder']> {
	const signing = await generateSigningKey();
	const { session } = host.room.options;
	const store = new PackageStore({ signing, session, clock: Date.now });
	const seat = newId();
	const packages = (await store.make(6)).map(toBase64url);
	await host.socket.request({ type: 'packages', seat, packages, replace: false });
	const key = signing.publicKey;
	const certificate = { host: host.identity.signing, session, key, kind: 'device' } as const;
	host.memory.recorders = [await certifyRecorder(certificate)];
	await clinician.admit(host, key, 'Quiet machine', 'recorder');
	return { seat, store };
}

/** What Dana's page says of recording, and who is in its list. */
async function shown() {
	const list = dana.page.getByRole('region', { name: 'Who can see and hear this call' });
	return {
		names: (await list.getByRole('listitem').locator('strong').allInnerTexts()).toSorted(),
		recording: await dana.page.getByRole('status', { name: 'Recording', exact: true }).count(),
	};
}

/** The host forces an epoch with the recorder on the strength of these receipts: Dana seals nothing with it. */
async function forced(call: Call, receipts: readonly SignedReceipt[]): Promise<void> {
	const { host, tap, recorder } = call;
	const before = host.epoch.generation;
	const seats = [...host.room.others(), recorder.seat];
	const packages = await host.take(seats);
	const own = host.memory.receipts.receipts.map(({ signed }) => signed);
	const mine = own.filter(({ text }) => text.includes(toBase64url(host.key)));
	const evidence = { receipts: [...mine.slice(-1), ...receipts] };
	const context = await host.context({ evidence });
	const generation = await host.forge({ context, packages, seats });
	expect(generation).toBe(before + 1);
	await new Promise((resolve) => setTimeout(resolve, 1500));
	const frames = await tap.during(2500);
	expect(frames.length).toBeGreaterThan(40);
	// Each was sealed with the keys of the epoch before, which the recorder never had.
	expect((await tap.opened(frames)).get(before)).toBe(frames.length);
	expect(await shown()).toEqual({ names: ['Dana', 'Dr. Maya Okafor'], recording: 0 });
}

/** Of an earlier session with the same host. */
let earlier: SignedReceipt | null = null;

test('with her consent the recorder gets her frames, and her list shows it although the server hides it', async () => {
	const call = await callWith('agree');
	const { host, tap, recorder, receipt } = call;
	earlier = receipt;
	await host.room.change(() => ({ add: [recorder.seat] }));
	await expectThat(dana.page.getByRole('status', { name: 'Recording', exact: true })).toBeVisible();
	const names = ['Dana', 'Dr. Maya Okafor', 'Quiet machine'];
	expect(await shown()).toEqual({ names, recording: 1 });
	const { generation } = host.epoch;
	await until('she seals for it', async () => {
		const frames = await tap.during(500);
		return frames.length > 0 && (await tap.opened(frames)).get(generation) === frames.length;
	});
	await dana.page.getByRole('button', { name: 'Withdraw consent' }).click();
	const dialog = dana.page.getByRole('dialog', { name: 'Stop recording me?' });
	await dialog.getByRole('button', { name: 'Stop recording' }).click();
	await until('the recorder is out', () => !host.epoch.hasRecorder);
	// The consent is still there, signed and all, and older than the withdrawal.
	expect(receipt).not.toBe(null);
	await forced(call, receipt ? [receipt] : []);
	await dana.page.getByRole('button', { name: 'Leave' }).click();
});

test('without her receipt, and with one of another session, she sends the recorder nothing', async () => {
	const call = await callWith('decline');
	expect(call.receipt).toBe(null);
	await forced(call, []);
	await dana.page.getByRole('button', { name: 'Leave' }).click();
	const again = await callWith('decline');
	expect(earlier).not.toBe(null);
	await forced(again, earlier ? [earlier] : []);
});
