import { random, toBase64url } from '#crypto/bytes.ts';
import { noticeDigest, signNotice, signReceipt } from '#crypto/consent/consent.ts';
import {
	type Epoch,
	type Evidence,
	PackageStore,
	certifyRecorder,
	joinEpoch,
	makeEpoch,
	noEvidence,
	signAdmission,
} from '#crypto/group/group.ts';
import { type SigningKey, generateSigningKey } from '#crypto/identity/signing.ts';
import { Devices } from '#lib/call/devices.svelte.ts';
import { Group } from '#lib/call/group.svelte.ts';
import { Links } from '#lib/call/links.svelte.ts';
import { Media } from '#lib/call/media.ts';
import { type Envelope, decodeCallMessage, encodeCallMessage } from '#lib/call/messages.ts';
import { seats } from './pair.ts';

// The connections of two pages that hold the same keys; what they signal goes straight from one to the other.
const closing: (() => void)[] = [];

export function closePages(): void {
	for (const close of closing.splice(0)) close();
}

/** What a host and her guest hold alike; with a recorder in the group when both agreed. */
export async function twoEpochs(recorded = false): Promise<[Epoch, Epoch]> {
	const keys = [await generateSigningKey(), await generateSigningKey(), await generateSigningKey()];
	const [host, guest, recorder] = keys;
	if (!host || !guest || !recorder) throw new Error('three keys');
	const session = toBase64url(random(16));
	const store = (signing: typeof host) => new PackageStore({ signing, session, clock: Date.now });
	const [hostStore, guestStore] = [store(host), store(guest)];
	const admission = { host, session, name: 'Dana Whitfield', role: 'participant' } as const;
	const admissions = [await signAdmission({ ...admission, key: guest.publicKey })];
	const packages = await guestStore.make(1);
	let evidence: Evidence = { ...noEvidence, admissions };
	if (recorded) {
		packages.push(...(await store(recorder).make(1)));
		evidence = await withRecorder(evidence, { session, host, people: [host, guest], recorder });
	}
	const place = { session, hostKey: host.publicKey, previous: undefined, generation: 1 };
	const { epoch, welcome } = await makeEpoch({ ...place, store: hostStore, packages, evidence });
	return [epoch, await joinEpoch({ ...place, store: guestStore, welcome })];
}

async function withRecorder(
	evidence: Evidence,
	call: { session: string; host: SigningKey; people: SigningKey[]; recorder: SigningKey },
): Promise<Evidence> {
	const { session, host, people, recorder } = call;
	const kind = 'device';
	const words = { practice: 'Practice', host: 'Host', purpose: 'Supervision', openers: 'Host' };
	const text = { session, ...words, recorder: kind, keptUntil: null } as const;
	const notice = await signNotice({ host, notice: text });
	const digest = await noticeDigest(notice);
	const about = { session, hostKey: host.publicKey, recorder: kind, notice: digest } as const;
	const receipts = people.map((subject) =>
		signReceipt({ subject, receipt: { ...about, type: 'consent', n: 1 } }),
	);
	const { publicKey: key } = recorder;
	const admission = { host, session, key, name: 'Recorder', role: 'recorder' } as const;
	return {
		...evidence,
		notice,
		admissions: [...evidence.admissions, await signAdmission(admission)],
		recorders: [await certifyRecorder({ host, session, key, kind })],
		receipts: await Promise.all(receipts),
	};
}

/** What one page says, to whichever page is on the other seat now. */
export class Wire {
	readonly pages: [Page | undefined, Page | undefined] = [undefined, undefined];
	/** What went by way of the server, in the order in which it did. */
	readonly carried: string[] = [];

	async carry(from: 0 | 1, envelope: Envelope, byServer: boolean): Promise<void> {
		const other = this.pages[from === 0 ? 1 : 0];
		if (!other) return;
		const { sender, plaintext } = await other.epoch.open(envelope.sealed);
		const message = decodeCallMessage(plaintext);
		if (byServer) this.carried.push(message.type);
		if (!other.links.hear(sender, message)) other.group.hear(sender, message);
	}
}

export interface Page {
	readonly epoch: Epoch;
	/** Whether the recorder of the group is in, as the connections are told. */
	readonly recorder: { in: boolean };
	readonly links: Links;
	readonly group: Group;
	readonly media: Media;
	readonly devices: Devices;
	close(): void;
}

interface PageOptions {
	readonly wire: Wire;
	readonly at: 0 | 1;
	readonly epoch: Epoch;
	readonly devices?: Devices;
	/** Runs in the very turn in which a connection is made, after everything for it was read. */
	readonly onmake?: (devices: Devices) => void;
}

export async function page(options: PageOptions): Promise<Page> {
	const { wire, at, epoch, devices = new Devices(), onmake } = options;
	const media = new Media();
	const recorder = { in: epoch.hasRecorder };
	let asked = 0;
	const room = {
		get epoch() {
			const { roster, me } = epoch;
			return { roster, me, hasRecorder: recorder.in };
		},
		leaves: seats,
		others: () => [seats[at === 0 ? 1 : 0]],
		seal: async (message: Parameters<typeof encodeCallMessage>[0]) => ({
			generation: 1,
			sealed: await epoch.seal(encodeCallMessage(message)),
		}),
		relay: (envelope: Envelope) => wire.carry(at, envelope, true),
		open: (_from: string, envelope: Envelope) => wire.carry(at === 0 ? 1 : 0, envelope, false),
	};
	const links: Links = new Links({
		room,
		media,
		devices,
		config: async () => {
			// The first is for warming up.
			if (asked++ === 0) return {};
			return {
				get iceServers() {
					onmake?.(devices);
					return [];
				},
			};
		},
		onlinks: () => {},
		onconnect: () => group.follow([], [...links.tiles.values()]),
	});
	const group = new Group({ links, devices });
	const baseKey = await epoch.sframeBaseKey();
	await media.epoch({ generation: 1, baseKey, leaf: epoch.me.leaf, seats });
	await media.use(1);
	const close = (): void => {
		links.close();
		group.close();
		media.close();
		devices.close();
	};
	closing.push(close);
	const made = { epoch, recorder, links, group, media, devices, close };
	wire.pages[at] = made;
	return made;
}
