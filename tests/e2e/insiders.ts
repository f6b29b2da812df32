import { type Bytes, toBase64url } from '#crypto/bytes.ts';
import { type SignedNotice, signNotice } from '#crypto/consent/consent.ts';
import { signAdmission } from '#crypto/group/group.ts';
import {
	type Identity,
	createStaffIdentity,
	decodePublicIdentity,
	encodePublicIdentity,
	fingerprint,
	generateParticipantIdentity,
} from '#crypto/identity/identity.ts';
import { decodeLinkFragment, encodeLinkFragment } from '#crypto/proof/fragment.ts';
import { createLinkSecret, type LinkSecret } from '#crypto/proof/proof.ts';
import { type OpenedKnock, openKnock, sealKnock } from '#lib/call/knock.ts';
import { Insider, claim, newId, until } from './insider.ts';
import { Staff, setupRequest } from '../staff.ts';
import { bytesOf, call } from '../wire.ts';

/** A participant in this process who came by a link; waits in the waiting room. */
export async function participant(
	link: string,
	options: { agrees?: boolean; proves?: boolean } = {},
): Promise<Insider> {
	const url = new URL(link);
	const address = url.origin;
	const place = url.pathname.split('/').at(-1) ?? '';
	const { secret } = decodeLinkFragment(url.hash);
	const { body } = await call(address, 'GET', `/api/places/${place}`);
	const host = decodePublicIdentity(body.host.publicIdentity);
	const identity = await generateParticipantIdentity();
	const first = await claim(address, place, identity);
	const { session } = first;
	const insider = new Insider({
		address,
		session,
		seat: first.seat,
		isHost: false,
		identity,
		hostKey: host.ed25519,
		notice: body.notice,
		token: async () => (await claim(address, place, identity)).token,
		enter: async (self) => {
			const [keyPackage] = await self.store.make(1);
			if (!keyPackage) throw new TypeError('one package was made');
			const receipt = options.agrees ? await self.say('consent') : null;
			const text = { name: null, receipt, agreed: body.notice ? receipt !== null : null };
			const known = options.proves === false ? null : secret;
			const sealed = await sealKnock({ session, place, keyPackage, host, secret: known, text });
			return { type: 'knock', keyPackage: toBase64url(keyPackage), ...sealed };
		},
	});
	await until('it waits', () => insider.room.entered);
	return insider;
}

export interface HostedSession {
	readonly id: string;
	readonly notice: SignedNotice | null;
	/** By name. */
	readonly links: ReadonlyMap<string, string>;
	readonly places: ReadonlyMap<string, { readonly name: string; readonly secret: LinkSecret }>;
}

/** A clinician in this process, with an account that only the protocol knows. */
export class HostInsider {
	readonly address: string;
	readonly staff: Staff;
	readonly identity: Identity;

	private constructor(address: string, staff: Staff, identity: Identity) {
		this.address = address;
		this.staff = staff;
		this.identity = identity;
	}

	static async setUp(address: string, setupUrl: string | undefined): Promise<HostInsider> {
		const token = new URL(setupUrl ?? address).hash.slice(1);
		const { finish, staff } = await setupRequest(address, token);
		const { identity } = await createStaffIdentity();
		const publicIdentity = encodePublicIdentity(identity.publicIdentity);
		const member = Object.assign({}, finish['member'], { publicIdentity });
		const body = { ...finish, member };
		const { status, body: signedIn } = await call(address, 'POST', '/api/setup/finish', { body });
		if (status !== 200) throw new Error(`no practice: ${status}`);
		return new HostInsider(address, new Staff({ ...staff, signedIn }), identity);
	}

	async session(
		names: readonly string[],
		options: { recorded?: boolean; purpose?: string } = {},
	): Promise<HostedSession> {
		const id = newId();
		const { purpose, recorded = purpose !== undefined } = options;
		const notice = recorded ? await this.notice(id, purpose) : null;
		const places = new Map(
			names.map((name) => [newId(), { name, secret: createLinkSecret() }] as const),
		);
		const { status } = await this.staff.call('POST', '/api/sessions', {
			id,
			startsAt: Date.now(),
			minutes: 50,
			sealed: bytesOf(100),
			notice,
			places: [...places.keys()].map((place) => ({ id: place, sealed: bytesOf(100) })),
		});
		if (status !== 201) throw new Error(`no session: ${status}`);
		const hostFingerprint = await fingerprint(this.identity.publicIdentity);
		const links = new Map(
			[...places].map(([place, { name, secret }]) => [
				name,
				`${this.address}/j/${place}${encodeLinkFragment({ secret, hostFingerprint })}`,
			]),
		);
		return { id, notice, links, places };
	}

	notice(session: string, purpose = 'Supervision'): Promise<SignedNotice> {
		const words = { practice: 'Riverside Therapy', host: 'Dr. Maya Okafor', purpose };
		const notice = { session, ...words, recorder: 'device', openers: 'Dr. Maya Okafor' } as const;
		return signNotice({ host: this.identity.signing, notice: { ...notice, keptUntil: null } });
	}

	/** Takes the host's seat in a call. */
	async enter({ id, notice }: HostedSession): Promise<Insider> {
		const seat = newId();
		const { identity, address, staff } = this;
		const { signing } = identity;
		const insider = new Insider({
			address,
			session: id,
			seat,
			isHost: true,
			identity,
			hostKey: signing.publicKey,
			notice,
			token: async () => (await staff.token()).body.token,
			enter: () => Promise.resolve({ type: 'enter', session: id, seat }),
		});
		const name = 'Dr. Maya Okafor';
		insider.memory.admissions.push(
			await signAdmission({
				host: signing,
				session: id,
				key: signing.publicKey,
				name,
				role: 'host',
			}),
		);
		await until('the host is there', () => insider.room.entered);
		return insider;
	}

	/** Lets in whoever waits at the place of this name. */
	async connect(host: Insider, session: HostedSession, name: string): Promise<OpenedKnock> {
		const place = [...session.places].find(([, one]) => one.name === name)?.[0] ?? '';
		const waiting = () =>
			[...host.room.seats.values()].find(
				(seat) => seat.place === place && seat.state === 'waiting' && seat.knock,
			);
		await until(`${name} waits`, waiting);
		const seat = waiting();
		const secret = session.places.get(place)?.secret;
		if (!seat?.knock || !secret) throw new Error(`${name} does not wait`);
		const where = { identity: this.identity, session: session.id, place, secret };
		const opened = await openKnock({ ...where, knock: seat.knock });
		if (opened.text.receipt) await host.memory.receipts.add(opened.text.receipt);
		await this.admit(host, opened.key, name);
		await host.room.change(() =>
			host.room.leaves.includes(seat.seat) ? undefined : { add: [seat.seat] },
		);
		return opened;
	}

	async admit(
		host: Insider,
		key: Bytes,
		name: string,
		role: 'participant' | 'recorder' = 'participant',
	): Promise<void> {
		const { session } = host.room.options;
		const admission = { host: this.identity.signing, session, key, name, role };
		host.memory.admissions.push(await signAdmission(admission));
	}
}
