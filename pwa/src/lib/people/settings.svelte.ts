import * as v from 'valibot';
import type { Signed } from '#crypto/identity/signed.ts';
import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { db } from '#lib/db/db.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { KnownSettings, Policy, type PracticeSettings, defaultSettings } from '#protocol/people.ts';
import { Signed as SignedShape } from '#protocol/text.ts';
import {
	type OpenedPolicy,
	type PolicyChoice,
	openPolicy,
	signPolicy,
	strictPolicy,
} from './policy.ts';

/** How far versions that this browser could not check may be ahead: a server that makes one up can end no counting. */
const aheadMost = 1000;
const initial: PracticeSettings = { ...defaultSettings, ...strictPolicy, name: '' };

/** `unsigned`: no admin has signed any yet; `refused`: what the server shows is not what an admin signed. */
export type Doubt = 'unsigned' | 'refused';

/** How this practice works: the strictest until it is loaded, which happens once somebody is signed in. */
class Settings {
	#value = $state.raw<PracticeSettings>(initial);
	/** Whether these are the practice's own. */
	loaded = $state(false);
	/** Why the server is not believed: then the last ones that were checked hold, or the strictest. */
	doubt = $state<Doubt>();
	/** The server's own idle limit, milliseconds. */
	idleMostMs = $state(Number.POSITIVE_INFINITY);
	#version = 0;
	#loading: Promise<void> | undefined;

	/** All of them, as they are sent. */
	get value(): PracticeSettings {
		return this.#value;
	}

	get name(): string {
		return this.#value.name;
	}

	/** Whether sessions can be recorded at all. */
	get recording(): boolean {
		return this.#value.recording;
	}

	/** Every session is recorded and nobody is asked whether. */
	get recordAll(): boolean {
		return this.#value.recording && this.#value.recordAll;
	}

	get supervisorsOpen(): boolean {
		return this.#value.supervisorsOpen;
	}

	get share(): PracticeSettings['share'] {
		return this.#value.share;
	}

	/** Minutes before the start at which participants are reminded. */
	get reminders(): readonly number[] {
		return this.#value.reminders;
	}

	/** What a participant shall do in an emergency; may be empty. */
	get emergency(): string {
		return this.#value.emergency;
	}

	get languages(): readonly string[] {
		return this.#value.languages;
	}

	/** IANA name; empty = the viewer's own. */
	get timeZone(): string {
		return this.#value.timeZone;
	}

	/** Reads them, once at a time. Throws `ApiError`. */
	load(): Promise<void> {
		this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
		return this.#loading;
	}

	/** Signs and changes them for the whole practice; admins only. Throws `ApiError`: `conflict` when another admin was first. */
	async save(value: PracticeSettings): Promise<void> {
		await this.#send(value);
		await this.load();
	}

	/** Nobody is signed in any more. */
	forget(): void {
		this.#value = initial;
		this.loaded = false;
		this.doubt = undefined;
	}

	async #load(): Promise<void> {
		const told = await fetchJson(KnownSettings, { path: '/api/practice/settings' });
		const practice = account.practice.id;
		const known = await knownPolicy(practice);
		const { policy: signed, idleMostMs, ...open } = told;
		const opened = await this.#open(signed, known);
		if (opened && signed) await db.policies.put({ practice, signed });
		const policy = opened?.policy ?? (known && v.parse(Policy, JSON.parse(known.text)));
		// The next one follows also what could not be believed.
		const checked = policy?.version ?? 0;
		const shown = signed ? versionOf(signed) : 0;
		this.#version = Math.max(checked, Math.min(shown, checked + aheadMost));
		const choice = policy ? choiceOf(policy) : strictPolicy;
		const idleMs = Math.min(choice.idleMs, idleMostMs);
		this.#value = { ...open, ...choice, idleMs };
		this.idleMostMs = idleMostMs;
		this.loaded = true;
		account.lockAfter(idleMs);
		// New devices believe only an admin of today.
		if (opened?.standing === false && account.member.role === 'admin') await this.#renew();
	}

	async #open(signed: Signed | null, known: Signed | undefined): Promise<OpenedPolicy | undefined> {
		this.doubt = undefined;
		try {
			if (signed) return await openPolicy({ signed, members: account.members, known });
			this.doubt = known ? 'refused' : 'unsigned';
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
			this.doubt = 'refused';
		}
		return undefined;
	}

	async #send(choice: PracticeSettings): Promise<void> {
		const { member, identity, practice } = account;
		const policy = await signPolicy({
			admin: { id: member.id, key: identity.signing },
			practice: practice.id,
			version: this.#version + 1,
			choice,
		});
		await request({ method: 'PUT', path: '/api/practice/settings', body: { ...choice, policy } });
	}

	async #renew(): Promise<void> {
		try {
			await this.#send(this.#value);
		} catch (error) {
			// Another admin's page was first, or it is tried with the next change.
			if (!isApiError(error)) throw error;
		}
	}
}

function choiceOf(policy: Policy): PolicyChoice {
	const { recording, recordAll, supervisorsOpen, share, idleMs } = policy;
	return { recording, recordAll, supervisorsOpen, share, idleMs };
}

function versionOf({ text }: Signed): number {
	try {
		const { success, output } = v.safeParse(v.object({ version: v.number() }), JSON.parse(text));
		return success ? output.version : 0;
	} catch (error) {
		if (error instanceof SyntaxError) return 0;
		throw error;
	}
}

async function knownPolicy(practice: string): Promise<Signed | undefined> {
	const row = v.safeParse(v.object({ signed: SignedShape }), await db.policies.get(practice));
	return row.success ? row.output.signed : undefined;
}

export const settings = new Settings();
