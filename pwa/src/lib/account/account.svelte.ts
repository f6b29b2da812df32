import { type AccountKey, openUnderAccountKey, sealUnderAccountKey } from '#crypto/account/key.ts';
import { formatRecoveryKey } from '#crypto/account/recovery.ts';
import { unwrapForDevice, wrapForDevice } from '#crypto/account/unlock.ts';
import { type Bytes, fromBase64url, fromUtf8, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import type { MemberList } from '#crypto/members/members.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { workHere } from '#lib/net/busy.ts';
import { ApiError, isApiError } from '#lib/net/errors.ts';
import { presentAs } from '#lib/net/origin.ts';
import { type Member, SignedIn } from '#protocol/account.ts';
import {
	type Device,
	fetchToken,
	forgetDevice,
	newDeviceSecret,
	readDevice,
	writeDevice,
} from './device.ts';
import { type Enrolment, enrol } from './enrol.ts';
import {
	type SignedInHere,
	changePassword,
	enterWithPassword,
	enterWithRecoveryKey,
} from './enter.ts';
import { IdleWatch } from './idle.ts';
import { type Keys, type Practice, openKeys } from './keys.ts';

/** `opening`: it is not known yet. `locked`: somebody is signed in here, and her keys are not in this browser. */
export type AccountState = 'opening' | 'signed-out' | 'locked' | 'unlocked';

const unsavedContext = 'unsaved recovery key';
/** A token is renewed this long before it ends. */
const earlyMs = 30_000;

/** The member who is signed in on this device, and her keys while it is not locked. */
class Account {
	state = $state<AccountState>('opening');
	/** Who is signed in, for the unlock screen; also while locked. */
	email = $state('');
	/** Set when the keys could not be fetched, although the password may be right: `offline` and the like. */
	failure = $state.raw<unknown>();
	/** The recovery key while nobody has said that it is saved. */
	unsavedRecoveryKey = $state<string>();
	#keys = $state.raw<Keys>();
	#device: Device | undefined;
	#token: { text: string; until: number } | undefined;
	#fetching: Promise<string> | undefined;
	#idle: IdleWatch | undefined;
	#opening: Promise<void> | undefined;
	readonly #tabs = new BroadcastChannel('account');

	constructor() {
		this.#tabs.addEventListener('message', ({ data }) => {
			if (data === 'active') this.#idle?.seen();
			if (data === 'locked' || data === 'signed-out') this.#close(data);
			if (data === 'unlocked' && this.state !== 'unlocked') void this.#resume();
		});
	}

	/** Only while unlocked; throws `locked` otherwise, as the getters below do. */
	get #open(): Keys {
		if (!this.#keys) throw new ApiError('locked');
		return this.#keys;
	}

	get member(): Member {
		return this.#open.member;
	}

	get identity(): Identity {
		return this.#open.identity;
	}

	get practice(): Practice {
		return this.#open.practice;
	}

	/** Who belongs to the practice: nobody else is wrapped to. */
	get members(): MemberList {
		return this.#open.members;
	}

	/** The id of this browser as a device. */
	get device(): string {
		if (!this.#device) throw new ApiError('locked');
		return this.#device.device;
	}

	/** Seals data for this member alone; `context` names the thing. */
	seal(context: string, plaintext: Bytes): Promise<Bytes> {
		return sealUnderAccountKey(this.#open.accountKey, context, plaintext);
	}

	/** Opens what `seal` made. Throws as `openUnderAccountKey` does. */
	open(context: string, sealed: Bytes): Promise<Bytes> {
		return openUnderAccountKey(this.#open.accountKey, context, sealed);
	}

	/** Finds out who is here: inside the idle limit without a password. Call it when a staff page opens. */
	start(): Promise<void> {
		this.#opening ??= this.#resume();
		return this.#opening;
	}

	/** A token for this server, renewed as needed. Throws `ApiError`; `locked` locks this page too. */
	async token(fresh = false): Promise<string> {
		if (!fresh && this.#token && performance.now() < this.#token.until) return this.#token.text;
		this.#fetching ??= this.#fetchToken().finally(() => (this.#fetching = undefined));
		return this.#fetching;
	}

	/** Makes the practice. The recovery key is in `unsavedRecoveryKey` until `savedRecoveryKey`. */
	async setUp(enrolment: Enrolment): Promise<void> {
		const entered = await enrol(enrolment);
		const recoveryKey = formatRecoveryKey(entered.recoveryKey);
		const unsaved = await sealUnderAccountKey(
			entered.accountKey,
			unsavedContext,
			utf8(recoveryKey),
		);
		await this.#enter(entered, { unsaved });
		this.unsavedRecoveryKey = recoveryKey;
	}

	async savedRecoveryKey(): Promise<void> {
		if (this.#device) {
			const { unsaved: _, ...device } = this.#device;
			await this.#remember(device);
		}
		this.unsavedRecoveryKey = undefined;
	}

	/** Signs in or unlocks. Throws `wrong-password`, `login-failed`, `bad-key`, `ApiError`. */
	async signIn(email: string, password: string): Promise<void> {
		await this.#enter(await this.#walk((known) => enterWithPassword({ email, password, known })));
	}

	/** The way back without a password: gives the account a new one. Throws `wrong-recovery-key`, `ApiError`. */
	async recover(options: { email: string; recoveryKey: string; password: string }): Promise<void> {
		const { email, recoveryKey, password } = options;
		const entered = await this.#walk((known) =>
			enterWithRecoveryKey({ email, recoveryKey, known }),
		);
		await this.#enter(entered, {}, () => changePassword({ entered, password }));
	}

	/** Forgets the keys here until the password is entered again, in all tabs. */
	async lock(): Promise<void> {
		await this.#tell('/api/device/lock');
		if (this.#device) {
			const { wrapped: _, ...device } = this.#device;
			await this.#remember(device);
		}
		this.#tabs.postMessage('locked');
		this.#close('locked');
	}

	/** Forgets the device and everything of this member in this browser, in all tabs. */
	async signOut(): Promise<void> {
		await this.#tell('/api/device/sign-out');
		await forgetDevice();
		this.#tabs.postMessage('signed-out');
		this.#close('signed-out');
	}

	// The keys go also when the server cannot be told: it ends the device's session at its own idle limit.
	async #tell(path: string): Promise<void> {
		try {
			await request({ method: 'POST', path });
		} catch (error) {
			if (!isApiError(error)) throw error;
		}
	}

	async #fetchToken(): Promise<string> {
		if (!this.#device) throw new ApiError('token');
		try {
			const { token, expiresInMs } = await fetchToken(this.#device);
			this.#token = { text: token, until: performance.now() + expiresInMs - earlyMs };
			return token;
		} catch (error) {
			if (isApiError(error, 'locked')) this.#close('locked');
			throw error;
		}
	}

	// A device that the server has forgotten since is no way in: this browser becomes a new one.
	async #walk(way: (known: Device | undefined) => Promise<SignedInHere>): Promise<SignedInHere> {
		const known = await readDevice();
		try {
			return await way(known);
		} catch (error) {
			if (!known || !isApiError(error, 'not-found')) throw error;
			await forgetDevice();
			return way(undefined);
		}
	}

	async #enter(
		entered: SignedInHere,
		more: { unsaved?: Bytes } = {},
		before: () => Promise<void> = async () => {},
	): Promise<void> {
		const { accountKey, signedIn, signing, serverKey } = entered;
		const { id: member, email } = signedIn.member;
		const known = await readDevice();
		const list = known?.email === email ? known.memberList : undefined;
		const keys = await openKeys({ accountKey, signedIn, known: list });
		if (keys.practice.serverKey !== serverKey) throw new CryptoError('bad-key');
		const secret = newDeviceSecret();
		const wrapped = await wrapForDevice({
			account: member,
			device: signedIn.device,
			deviceSecret: secret,
			serverHalf: fromBase64url(signedIn.half),
			accountKey,
		});
		const { memberList } = signedIn.practice;
		const here = { id: 'this', device: signedIn.device, signing, secret } as const;
		await this.#remember({ ...here, member, email, wrapped, serverKey, memberList, ...more });
		this.#token = undefined;
		presentAs((fresh) => this.token(fresh));
		await before();
		this.#unlocked(keys, signedIn.idleMs);
		this.#tabs.postMessage('unlocked');
	}

	async #resume(): Promise<void> {
		this.failure = undefined;
		const device = await readDevice();
		if (!device) return this.#close('signed-out');
		this.#device = device;
		this.email = device.email;
		presentAs((fresh) => this.token(fresh));
		if (!device.wrapped) return this.#close('locked');
		try {
			const signedIn = await fetchJson(SignedIn, { path: '/api/me' });
			const accountKey = await this.#unwrap(device, signedIn, device.wrapped);
			const keys = await openKeys({ accountKey, signedIn, known: device.memberList });
			await this.#remember({ ...device, memberList: signedIn.practice.memberList });
			this.unsavedRecoveryKey =
				device.unsaved &&
				fromUtf8(await openUnderAccountKey(accountKey, unsavedContext, device.unsaved));
			this.#unlocked(keys, signedIn.idleMs);
		} catch (error) {
			if (isApiError(error, 'token')) {
				// The server does not know this device any more.
				await forgetDevice();
				return this.#close('signed-out');
			}
			this.#close('locked');
			if (!isApiError(error, 'locked')) this.failure = error;
		}
	}

	#unwrap(device: Device, signedIn: SignedIn, wrapped: Bytes): Promise<AccountKey> {
		return unwrapForDevice({
			account: device.member,
			device: device.device,
			deviceSecret: device.secret,
			serverHalf: fromBase64url(signedIn.half),
			wrapped,
		});
	}

	async #remember(device: Device): Promise<void> {
		this.#device = device;
		this.email = device.email;
		await writeDevice(device);
	}

	#unlocked(keys: Keys, idleMs: number): void {
		this.#keys = keys;
		this.failure = undefined;
		this.#idle?.stop();
		this.#idle = new IdleWatch({
			limitMs: idleMs,
			onidle: () => void this.lock(),
			onactive: () => {
				this.#tabs.postMessage('active');
				void this.#tell('/api/device/active');
			},
		});
		this.state = 'unlocked';
	}

	#close(state: 'signed-out' | 'locked'): void {
		const work = workHere();
		if (work && state === 'locked' && this.#keys) {
			// Locked in another tab: a call or recording of this one keeps its keys until it ends.
			void work.then(() => this.#close('locked'));
			return;
		}
		this.#idle?.stop();
		this.#keys = undefined;
		this.#token = undefined;
		this.unsavedRecoveryKey = undefined;
		if (state === 'signed-out') {
			this.#device = undefined;
			this.email = '';
			presentAs(undefined);
		}
		this.state = state;
	}
}

export const account = new Account();
