import type { VaultKey } from '#crypto/vault/vault.ts';
import { CryptoError } from '#crypto/errors.ts';
import { readDevice } from '#lib/account/device.ts';
import { IdleWatch } from '#lib/account/idle.ts';
import { type CopyContent, openContent } from './content.ts';
import { ownVaultKey, unlockWithPasskey, unlockWithPassphrase } from './lock.ts';
import { type CopyRow, readVault } from './rows.ts';
import { removeCopy, removeExpired, tendCopies } from './tend.ts';

/** `none`: nothing is kept here. `locked`: it is not known what the copies hold. */
export type CopiesState = 'opening' | 'none' | 'locked' | 'open';

/** Without her account copies are locked after so long without anybody, milliseconds. */
const idleMs = 15 * 60_000;

/** The offline copies of the member of this device, as a screen shows them. */
export class Copies {
	state = $state<CopiesState>('opening');
	rows = $state.raw<readonly CopyRow[]>([]);
	/** What is in them, by recording, while they are open. */
	contents = $state.raw<ReadonlyMap<string, CopyContent>>(new Map());
	/** How far the passphrase is, from 0 to 1; undefined while none is tried. */
	trying = $state<number>();
	/** What was chosen to open them without her account. */
	ways = $state.raw<{ readonly passphrase: boolean; readonly passkey: boolean }>({
		passphrase: false,
		passkey: false,
	});
	#member = '';
	#idle: IdleWatch | undefined;

	/** Looks what there is. Needs no account and no connection; copies whose time is over go now. */
	async look(): Promise<void> {
		const device = await readDevice();
		this.#member = device?.member ?? '';
		this.rows = this.#member ? await removeExpired(this.#member) : [];
		const vault = this.#member ? await readVault(this.#member) : undefined;
		this.ways = { passphrase: vault?.lock !== undefined, passkey: vault?.passkey !== undefined };
		this.state = vault && this.rows.length > 0 ? 'locked' : 'none';
	}

	/** Opens them with her account. Throws `open-failed`. */
	async openOwn(): Promise<void> {
		await tendCopies();
		await this.look();
		const vaultKey = await ownVaultKey();
		if (vaultKey && this.state === 'locked') await this.#open(vaultKey);
	}

	/** Opens them with the passphrase of this device, until `lock` or nobody was here for a while. Throws `wrong-password`. */
	async unlock(passphrase: string): Promise<void> {
		this.trying = 0;
		try {
			const vaultKey = await unlockWithPassphrase({
				member: this.#member,
				passphrase,
				onProgress: (share) => (this.trying = share),
			});
			if (vaultKey) await this.#openAwhile(vaultKey);
		} finally {
			this.trying = undefined;
		}
	}

	/** The same with a passkey. Throws as `unlockWithPasskey`. */
	async unlockWithPasskey(): Promise<void> {
		const vaultKey = await unlockWithPasskey(this.#member);
		if (vaultKey) await this.#openAwhile(vaultKey);
	}

	/** Forgets what is in them. */
	lock(): void {
		this.#idle?.stop();
		this.contents = new Map();
		if (this.state === 'open') this.state = 'locked';
	}

	/** Removes one here; the server hears of it now or at the next contact. */
	async remove(recording: string): Promise<void> {
		await removeCopy({ recording, member: this.#member });
		this.rows = this.rows.filter((row) => row.recording !== recording);
		if (this.rows.length === 0) this.state = 'none';
	}

	async #openAwhile(vaultKey: VaultKey): Promise<void> {
		await this.#open(vaultKey);
		const onidle = () => this.lock();
		this.#idle = new IdleWatch({ limitMs: idleMs, onidle, onactive: () => undefined });
	}

	async #open(vaultKey: VaultKey): Promise<void> {
		const contents = new Map<string, CopyContent>();
		for (const row of this.rows) {
			try {
				contents.set(row.recording, await openContent(vaultKey, row));
			} catch (error) {
				// An altered one is shown without a name, and can only be removed.
				if (!(error instanceof CryptoError)) throw error;
			}
		}
		this.contents = contents;
		this.state = 'open';
	}
}
