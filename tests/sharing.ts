import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { afterAll, beforeAll, vi } from 'vitest';
import { fromBase64url } from '#crypto/bytes.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import { signPolicy } from '#lib/people/policy.ts';
import { SealedMedia } from '#lib/play/sealed.ts';
import type { DeviceShelf } from '#lib/share/shelf.ts';
import { KnownSettings } from '#protocol/people.ts';
import { type App, found, password } from './app.ts';
import { Device } from './device.ts';
import { type LocalServer, TestClock, localServer } from './local.ts';
import { type Gateway, type Mailbox, openGateway, openMailbox } from './post.ts';
import { type Recorded, storeRecording } from './recorded.ts';

export const minute = 60_000;
export const hour = 60 * minute;

/** A few segments and a bit of bytes that stand for a person's film. */
export const films = {
	'Dr. Maya Okafor': new Uint8Array(randomBytes(200_001)),
	'Dana Whitfield': new Uint8Array(randomBytes(150_000)),
};
export type Name = keyof typeof films;

/** A practice with a finished recording of two people, whose first admin and host uses the app. */
export class Sharing {
	local!: LocalServer;
	mailbox!: Mailbox;
	gateway!: Gateway;
	maya!: App;
	device!: Device;
	recorded!: Recorded;
	sharer!: typeof import('../pwa/src/lib/share/sharer.ts');
	visits!: typeof import('../pwa/src/lib/share/visit.ts');

	/** The recording, opened on Maya's device. */
	async opened(id = this.recorded.id) {
		return this.maya.openRecording(await this.maya.fetchRecording(id));
	}

	/** Shares Dana's track, or everybody's. */
	async share(change: Partial<Parameters<typeof this.sharer.createShare>[1]> = {}) {
		const wish = {
			name: 'Rosa Whitfield',
			email: 'rosa@family.example',
			mobile: '+15550147731',
			hours: 24,
			people: ['1'],
			way: 'words' as const,
			basis: 'unsaid' as const,
			purpose: '',
		};
		return this.sharer.createShare(
			await this.opened(),
			{ ...wish, ...change },
			this.local.clock.now(),
		);
	}

	/** One share as Maya's screen has it. */
	async shown(id: string) {
		const { shares } = await this.sharer.fetchShares(await this.opened());
		const share = shares.find((one) => one.id === id);
		if (!share) throw new Error('not on the list');
		return share;
	}

	/** A recipient's browser. */
	visit(id: string, shelf = memoryShelf()) {
		return new this.visits.ShareVisit(id, () => shelf);
	}

	/** The code in the newest text message. */
	get code(): string {
		const text = this.gateway.received.at(-1)?.query.get('text') ?? '';
		return /\b\d{6}\b/.exec(text)?.[0] ?? '';
	}

	/** A recipient's browser that passed the code. */
	async proven(id: string, shelf = memoryShelf()) {
		const visit = this.visit(id, shelf);
		await visit.sendCode();
		await visit.checkCode(this.code);
		return visit;
	}

	/** An admin signs how the practice shares from now on. */
	async allow(share: { mail: boolean; links: boolean }): Promise<void> {
		const { account, fetchJson, request } = this.maya;
		const path = '/api/practice/settings';
		const { policy, idleMostMs: _, ...before } = await fetchJson(KnownSettings, { path });
		const choice = { ...before, share: { ...share, maxHours: 72 } };
		const signed = v.parse(v.object({ version: v.number() }), JSON.parse(policy?.text ?? ''));
		const next = await signPolicy({
			admin: { id: account.member.id, key: account.identity.signing },
			practice: account.practice.id,
			version: signed.version + 1,
			choice,
		});
		await request({ method: 'PUT', path, body: { ...choice, policy: next } });
	}

	/** Time goes by, and Maya signs in again where she was locked out for being idle. */
	async pass(ms: number): Promise<void> {
		this.local.clock.forward(ms);
		await this.maya.account.signIn('maya@alderstreet.example', password);
	}

	/** The server's own work that is due. */
	work(): Promise<void> {
		return this.local.server.context.shares.run();
	}
}

/** A browser's IndexedDB. */
export function memoryShelf(met?: Identity): DeviceShelf {
	const kept = new Map<string, Identity>();
	return {
		read: async (share) => kept.get(share),
		met: async () => met,
		keep: async (share, identity) => void kept.set(share, identity),
		forget: async (share) => void kept.delete(share),
	};
}

/** What a refused call said. */
export const refusal = (call: Promise<unknown>): Promise<string> =>
	call.then(
		() => 'granted',
		(error: unknown) => (error instanceof Error ? error.message : 'thrown'),
	);

type Opened = Awaited<ReturnType<InstanceType<Sharing['visits']['ShareVisit']>['openWithLink']>>;

/** What a recipient's player gets of one person. Throws as the player refuses it. */
export async function watch({
	opened,
	token,
	name,
}: {
	opened: Opened;
	token: () => Promise<string>;
	name: Name;
}): Promise<Uint8Array> {
	const media = opened.people.find((person) => person.name === name)?.media;
	if (!media) throw new Error('not in it');
	const { key, url, part, partBytes } = media.offer;
	const sealed = await SealedMedia.open({
		key,
		name: {
			recording: fromBase64url(opened.recording),
			track: fromBase64url(media.track),
			part,
		},
		partBytes,
		source: async ({ from, to }) => {
			const headers = {
				authorization: `Bearer ${await token()}`,
				range: `bytes=${from}-${to - 1}`,
			};
			const response = await fetch(url, { headers });
			if (response.status !== 206) throw new Error(String(response.status));
			return (async function* () {
				yield new Uint8Array(await response.arrayBuffer());
			})();
		},
	});
	const pieces: Uint8Array[] = [];
	for await (const piece of sealed.read({ from: 0, to: sealed.size })) pieces.push(piece);
	return Buffer.concat(pieces);
}

/** A practice that sends mail and text messages, before the tests of this file. */
export function sharing(): Sharing {
	const here = new Sharing();
	beforeAll(async () => {
		[here.mailbox, here.gateway] = await Promise.all([openMailbox(), openGateway()]);
		here.local = await localServer({
			clock: new TestClock(Date.now()),
			env: {
				SMTP_URL: here.mailbox.url,
				MAIL_FROM: 'visits@alderstreet.example',
				SMS_URL: `${here.gateway.address}/send?to={to}&text={text}`,
			},
		});
		here.maya = await found(here.local);
		[here.sharer, here.visits] = await Promise.all([
			import('../pwa/src/lib/share/sharer.ts'),
			import('../pwa/src/lib/share/visit.ts'),
		]);
		const { address } = here.local;
		here.device = await Device.signIn({ address, email: 'maya@alderstreet.example', password });
		here.recorded = await record(here.device);
	});
	afterAll(async () => {
		vi.unstubAllGlobals();
		await here.local?.stop();
		await Promise.all([here.mailbox?.close(), here.gateway?.close()]);
	});
	return here;
}

/** A finished recording of the host and Dana. */
export function record(device: Device): Promise<Recorded> {
	const [maya, dana] = Object.entries(films).map(([name, film]) => ({
		name,
		film,
		startMs: 0,
		durationMs: 60_000,
	}));
	if (!maya || !dana) throw new Error('two people');
	return storeRecording(device, { people: [maya, dana] });
}
