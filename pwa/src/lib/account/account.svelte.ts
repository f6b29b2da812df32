import { openUnderAccountKey, sealUnderAccountKey } from '#crypto/account/key.ts';
import { formatRecoveryKey } from '#crypto/account/recovery.ts';
import { type Bytes, fromUtf8, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import type { MemberList } from '#crypto/members/members.ts';
import { fetchJson } from '#lib/net/api.ts';
import { workHere } from '#lib/net/busy.ts';
import { ApiError, isApiError } from '#lib/net/errors.ts';
import { presentAs } from '#lib/net/origin.ts';
import { nameHere } from '#lib/net/home.ts';
import { type Member, SignedIn } from '#protocol/account.ts';
import {
	type Device,
	forgetDevice,
	newDeviceSecret,
	readDevice,
	unwrapHere,
	wrapHere,
	writeDevice,
} from './device.ts';
import { type Enrolment, enrol } from './enrol.ts';
import {
	type SignedInHere,
	changePassword,
	enterWithPassword,
	enterWithRecoveryKey,
	walk,
} from './enter.ts';
import { IdleWatch } from './idle.ts';
import { type Keys, type Practice, changedKeys, openKeys, openWithAny } from './keys.ts';
import { type Proof, enterAgain, enterWithPasskey } from './passkey.ts';
import { keepSeen } from './seen.ts';
import { Tokens, tell } from './token.ts';

/** `opening`: it is not known yet. `locked`: somebody is signed in here, and her keys are not in this browser. */
export type AccountState = 'opening' | 'signed-out' | 'locked' | 'unlocked';

const unsavedContext = 'unsaved recovery key';

/** The member who is signed in on this device, and her keys while it is not locked. */
class Account {
	state = $state<AccountState>('opening');
	/** Who is signed in, for the unlock screen; also while locked. */
	email = $state('');
	/** Set when the keys could not be fetched, although the password may be right: `offline` and the like. */
	failure = $state.raw<unknown>();
	/** The recovery key while nobody has said that it is saved. */
	unsavedRecoveryKey = $state<string>();
	/** Members whose keys are others than before, until somebody has seen it. */
	keyChanges = $state.raw<readonly string[]>([]);
	#keys = $state.raw<Keys>();
	#device: Device | undefined;
	#tokens: Tokens | undefined;
	#idle: IdleWatch | undefined;
	#opening: Promise<void> | undefined;
	#turn: Promise<void> = Promise.resolve();
	readonly #tabs = new BroadcastChannel(nameHere('account'));

	constructor() {
		this.#tabs.addEventListener('message', ({ data }) => {
			if (data === 'active') this.#idle?.seen();
			if (data === 'locked' || data === 'signed-out') this.#close(data);
			// Another tab has wrapped the key anew: what this one remembers of the device is of before.
			if (data === 'unlocked') void (this.#keys ? this.#reread() : this.#resume());
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

	/** Keys that she replaced, for what is still sealed to them. */
	get former(): Keys['former'] {
		return this.#open.former;
	}

	get practice(): Practice {
		return this.#open.practice;
	}

	/** Who belongs to the practice: nobody else is wrapped to. */
	get members(): MemberList {
		return this.#open.members;
	}

	/**
	 * Reads again who belongs to the practice and what this member may do; one at a time, so that no answer
	 * overtakes a newer one. Throws as `openKeys`, `ApiError`.
	 */
	refresh(): Promise<void> {
		return this.#inTurn(() => this.#refresh());
	}

	/** Locks after so long without anybody from now on. */
	lockAfter(idleMs: number): void {
		this.#idle?.limit(idleMs);
	}

	/** Somebody saw that the keys of these members changed. */
	seenKeyChanges(): Promise<void> {
		this.keyChanges = [];
		return this.#inTurn(async () => {
			const keys = this.#keys;
			if (!keys || !this.#device) return;
			this.keyChanges = [];
			await this.#remember({ ...this.#device, keyChanges: [] });
			const noticed = keys.seen.version;
			const kept = await keepSeen({ ...keys, seen: { ...keys.seen, noticed } });
			if (this.#keys === keys) this.#keys = kept;
		});
	}

	/** Seals data for this member alone; `context` names the thing. */
	seal(context: string, plaintext: Bytes): Promise<Bytes> {
		return sealUnderAccountKey(this.#open.accountKey, context, plaintext);
	}

	/** Opens what `seal` made, also under a key of before. Throws as `openUnderAccountKey` does. */
	open(context: string, sealed: Bytes): Promise<Bytes> {
		return openWithAny(this.#open, context, sealed);
	}

	/** What `wrap` makes of the account key: another way to unlock it. The key itself is not given out. */
	wrapped(wrap: (accountKey: Keys['accountKey']) => Promise<Bytes>): Promise<Bytes> {
		return wrap(this.#open.accountKey);
	}

	/** Finds out who is here: inside the idle limit without a password. Call it when a staff page opens. */
	start(): Promise<void> {
		this.#opening ??= this.#resume();
		return this.#opening;
	}

	/** A token for this server, renewed as needed. Throws `ApiError`; `locked` locks this page too. */
	async token(fresh = false): Promise<string> {
		if (!this.#tokens) throw new ApiError('token');
		try {
			return await this.#tokens.get(fresh);
		} catch (error) {
			if (isApiError(error, 'locked')) this.#close('locked');
			if (isApiError(error, 'token')) await this.#expelled();
			throw error;
		}
	}

	/** Makes the practice. The recovery key is in `unsavedRecoveryKey` until `savedRecoveryKey`. */
	async setUp(enrolment: Enrolment): Promise<void> {
		const entered = await enrol(enrolment);
		const text = utf8(formatRecoveryKey(entered.recoveryKey));
		const unsaved = await sealUnderAccountKey(entered.accountKey, unsavedContext, text);
		await this.#enter(entered, { unsaved });
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
		await this.#enter(await walk((known) => enterWithPassword({ email, password, known })));
	}

	/** Signs in or unlocks with a passkey. Throws as `enterWithPasskey`. */
	async signInWithPasskey(): Promise<void> {
		await this.#enter(await walk((known) => enterWithPasskey({ known })));
	}

	/** Signs in by what another browser handed over (`Ask`). Throws `bad-key`, `stale`, `ApiError`. */
	signInFrom(entered: SignedInHere): Promise<void> {
		return this.#enter(entered);
	}

	/** Shows once more that it is she, as the server wants it before a way in is changed. Throws as `signIn`, `signInWithPasskey`. */
	async prove(by: Proof): Promise<void> {
		if (!this.#device) throw new ApiError('locked');
		await this.#enter(await enterAgain(this.#device, by));
	}

	/** Another password for this account, which is open here. Throws `ApiError`: `locked` without `prove`. */
	async changePassword(password: string): Promise<void> {
		const [{ accountKey, identity }, device] = [this.#open, this.#device];
		if (!device) throw new ApiError('locked');
		const signedIn = await fetchJson(SignedIn, { path: '/api/me' });
		const entered = { accountKey, signedIn, serverKey: device.serverKey };
		await changePassword({ entered, key: identity.signing, password });
	}

	/** The way back without a password: gives the account a new one. Throws `wrong-recovery-key`, `ApiError`. */
	async recover(options: { email: string; recoveryKey: string; password: string }): Promise<void> {
		const { email, recoveryKey, password } = options;
		const entered = await walk((known) => enterWithRecoveryKey({ email, recoveryKey, known }));
		await this.#enter(entered, {
			first: ({ identity }) => changePassword({ entered, key: identity.signing, password }),
		});
	}

	/** Forgets the keys here until the password is entered again, in all tabs. */
	async lock(): Promise<void> {
		// It is told first, because that needs the token, but nobody waits for its answer.
		const told = tell('/api/device/lock');
		const device = this.#device;
		this.#tabs.postMessage('locked');
		this.#close('locked');
		if (device) {
			const { wrapped: _, ...rest } = device;
			await this.#remember(rest);
		}
		await told;
	}

	/** Forgets the device and everything of this member in this browser, in all tabs. */
	async signOut(): Promise<void> {
		await Promise.all([tell('/api/device/sign-out'), this.#forget()]);
	}

	/** Enters the account that the server swapped for one with new keys. Throws as `signIn`. */
	async renewed(email: string, password: string): Promise<void> {
		await this.#forget();
		await this.signIn(email, password);
	}

	async #forget(): Promise<void> {
		this.#tabs.postMessage('signed-out');
		this.#close('signed-out');
		await forgetDevice();
	}

	// A restarted server forgets a nonce: only who is refused twice is not known any more.
	async #expelled(): Promise<void> {
		const tokens = this.#tokens;
		try {
			await tokens?.get(true);
		} catch (error) {
			// She may have entered anew meanwhile.
			if (isApiError(error, 'token') && this.#tokens === tokens) await this.#forget();
		}
	}

	#inTurn(work: () => Promise<void>): Promise<void> {
		const next = this.#turn.then(work);
		this.#turn = next.catch(() => undefined);
		return next;
	}

	async #refresh(): Promise<void> {
		const [keys, device] = [this.#keys, this.#device];
		if (!keys || !device) return;
		const signedIn = await fetchJson(SignedIn, { path: '/api/me' });
		const { accountKey } = keys;
		const token = () => this.token();
		const next = await openKeys({ accountKey, signedIn, known: device.memberList, token });
		// Locked meanwhile.
		if (this.#keys !== keys) return;
		this.#keys = await this.#learn(signedIn.practice.memberList, next);
	}

	/** Remembers the list here and in the account; gives the keys with what the account keeps now. */
	async #learn(memberList: Device['memberList'], keys: Keys): Promise<Keys> {
		if (!this.#device) return keys;
		const changed = await changedKeys(this.#device.memberList, keys);
		const { keyChanges = [] } = this.#device;
		this.keyChanges = [...new Set([...keyChanges, ...changed])];
		await this.#remember({ ...this.#device, memberList, keyChanges: [...this.keyChanges] });
		return keepSeen(keys);
	}

	async #enter(
		entered: SignedInHere,
		more: { unsaved?: Bytes; first?: (keys: Keys) => Promise<void> } = {},
	): Promise<void> {
		const { accountKey, signedIn, signing, serverKey, pins } = entered;
		const { id: member, email } = signedIn.member;
		const before = await readDevice();
		const own = before?.member === member ? before : undefined;
		const tokens = new Tokens({ device: signedIn.device, signing });
		const token = () => tokens.get();
		const keys = await openKeys({ accountKey, signedIn, known: own?.memberList, pins, token });
		if (keys.practice.serverKey !== serverKey) throw new CryptoError('bad-key');
		const secret = newDeviceSecret();
		await this.#remember({
			...own,
			...(more.unsaved && { unsaved: more.unsaved }),
			id: 'this',
			device: signedIn.device,
			member,
			email,
			signing,
			secret,
			serverKey,
			wrapped: await wrapHere({ accountKey, signedIn, secret }),
			memberList: own?.memberList ?? signedIn.practice.memberList,
		});
		await more.first?.(keys);
		const learnt = await this.#learn(signedIn.practice.memberList, keys);
		await this.#unlocked(learnt, signedIn.idleMs);
		this.#tabs.postMessage('unlocked');
	}

	async #resume(): Promise<void> {
		this.failure = undefined;
		const device = await readDevice();
		if (!device) return this.#close('signed-out');
		this.#use(device);
		if (!device.wrapped) return this.#close('locked');
		try {
			const signedIn = await fetchJson(SignedIn, { path: '/api/me' });
			const accountKey = await unwrapHere({ device, wrapped: device.wrapped, signedIn });
			const keys = await openKeys({
				accountKey,
				signedIn,
				known: device.memberList,
				token: () => this.token(),
			});
			const learnt = await this.#learn(signedIn.practice.memberList, keys);
			await this.#unlocked(learnt, signedIn.idleMs);
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

	async #reread(): Promise<void> {
		const device = await readDevice();
		if (device && this.#keys) this.#use(device);
	}

	#use(device: Device): void {
		if (this.#device?.device !== device.device) this.#tokens = new Tokens(device);
		this.#device = device;
		this.email = device.email;
		presentAs((fresh) => this.token(fresh));
	}

	async #remember(device: Device): Promise<void> {
		this.#use(device);
		await writeDevice(device);
	}

	async #unlocked(keys: Keys, idleMs: number): Promise<void> {
		const unsaved = this.#device?.unsaved;
		this.unsavedRecoveryKey =
			unsaved && fromUtf8(await openUnderAccountKey(keys.accountKey, unsavedContext, unsaved));
		this.#keys = keys;
		this.failure = undefined;
		this.#idle?.stop();
		this.#idle = new IdleWatch({
			limitMs: idleMs,
			onidle: () => void this.lock(),
			onactive: () => {
				this.#tabs.postMessage('active');
				void tell('/api/device/active');
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
		this.keyChanges = [];
		this.unsavedRecoveryKey = undefined;
		if (state === 'signed-out') {
			this.#device = undefined;
			this.#tokens = undefined;
			this.email = '';
			presentAs(undefined);
		}
		this.state = state;
	}
}

export const account = new Account();
