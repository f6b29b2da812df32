import { fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { certifyDevice } from '#crypto/presence/certificate.ts';
import { shortCode } from '#crypto/presence/code.ts';
import { account } from '#lib/account/account.svelte.ts';
import { deviceName } from '#lib/account/device.ts';
import { fetchJson } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { address } from '#lib/net/origin.ts';
import { OfferAnswer, OfferState } from '#protocol/pairing.ts';
import { PresenceDeviceMade } from '#protocol/presence.ts';
import { fetchDevices, removeDevice } from './devices.ts';
import { type Extension, askExtension } from './extension.ts';

/** How often the extension is asked whether its user has answered. */
const askMs = 500;

/** One pairing of the extension in this browser with the member who is signed in. */
export class Pair {
	/** The code to compare; empty until the extension has made its keys. */
	code = $state('');
	/** Why there is no pairing; `declined`: in the extension, or too late. */
	refused = $state<'declined' | 'elsewhere' | 'busy' | 'later'>();
	running = $state(false);
	failure = $state.raw<unknown>();
	#cancelled = false;
	/** What the extension has asked its user about. */
	#offer: string | undefined;

	/** Walks through it; true when this browser is paired at the end. Never throws: see `failure`. */
	async run(extension: Extension): Promise<boolean> {
		this.running = true;
		this.#cancelled = false;
		this.code = '';
		this.refused = this.failure = this.#offer = undefined;
		try {
			return await this.#walk(extension);
		} catch (error) {
			this.failure = error;
			await this.#giveUp(extension);
			return false;
		} finally {
			this.running = false;
			this.code = '';
		}
	}

	cancel(): void {
		this.#cancelled = true;
	}

	async #walk(extension: Extension): Promise<boolean> {
		const { practice, member, identity } = account;
		const made = await askExtension(OfferAnswer, extension, {
			type: 'offer',
			practice: { id: practice.id, name: practice.name },
			member: { id: member.id, name: member.name },
			identity: toBase64url(identity.publicIdentity.ed25519),
		});
		if ('refused' in made) {
			this.refused = made.refused;
			return false;
		}
		this.#offer = made.offer;
		const device = {
			practice: practice.id,
			member: member.id,
			publicKey: fromBase64url(made.publicKey),
			presenceKey: fromBase64url(made.presenceKey),
		};
		const origin = new URL(address('/')).origin;
		const { ed25519 } = identity.publicIdentity;
		this.code = await shortCode({ ...device, origin, identity: ed25519 });
		if (!(await this.#confirmed(extension, made.offer))) return false;
		const certificate = await certifyDevice(identity.signing, device);
		const { offer, ...keys } = made;
		const { device: id } = await fetchJson(PresenceDeviceMade, {
			method: 'POST',
			path: '/api/presence/devices',
			body: { ...keys, name: deviceName(), certificate },
		});
		const { state } = await askExtension(OfferState, extension, {
			type: 'finish',
			offer,
			device: id,
		});
		if (state === 'paired') return this.#replaced(extension);
		// Nobody holds its keys.
		await removeDevice(id);
		this.refused = 'declined';
		return false;
	}

	/** The window of the extension does not wait for a page that failed. */
	async #giveUp(extension: Extension): Promise<void> {
		if (this.#offer === undefined) return;
		try {
			await askExtension(OfferState, extension, { type: 'cancel', offer: this.#offer });
		} catch (error) {
			// It is gone, and its window with it.
			if (!isApiError(error)) throw error;
		}
	}

	async #confirmed(extension: Extension, offer: string): Promise<boolean> {
		for (;;) {
			if (this.#cancelled) {
				await askExtension(OfferState, extension, { type: 'cancel', offer });
				return false;
			}
			const { state } = await askExtension(OfferState, extension, { type: 'state', offer });
			if (state === 'confirmed') return true;
			if (state === 'gone') {
				this.refused = 'declined';
				return false;
			}
			await new Promise((resolve) => setTimeout(resolve, askMs));
		}
	}

	/** The keys of the pairing before are gone: it leaves the list. */
	async #replaced({ paired }: Extension): Promise<boolean> {
		const before = new Set(paired.map(({ device }) => device));
		const listed = await fetchDevices();
		const own = listed.filter(({ member }) => member === account.member.id);
		for (const { id } of own) if (before.has(id)) await removeDevice(id);
		return true;
	}
}
