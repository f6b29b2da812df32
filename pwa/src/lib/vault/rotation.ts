import * as v from 'valibot';
import { createAccount, openIdentitySecret } from '#crypto/account/account.ts';
import { openFormerKeys, sealFormerKeys } from '#crypto/account/former.ts';
import { formatRecoveryKey } from '#crypto/account/recovery.ts';
import { fromBase64url, random, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type SignedRotation, signRotation } from '#crypto/members/rotation.ts';
import { parseJson } from '#crypto/schema.ts';
import { account } from '#lib/account/account.svelte.ts';
import { registerAnew } from '#lib/account/enter.ts';
import { openPracticeSecrets, sealPracticeKeys } from '#lib/account/practice.ts';
import { db } from '#lib/db/db.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { confirmRotation, fetchPeople } from '#lib/people/members.ts';
import { settings } from '#lib/people/settings.svelte.ts';
import { policyRows, renewRules } from '#lib/retention/store.ts';
import { type Account, SignedIn } from '#protocol/account.ts';
import { OwnRotation } from '#protocol/rotation.ts';

const path = '/api/account/rotation';

/** So long an administrator's browser may take to confirm. */
const lifeMs = 7 * 24 * 60 * 60_000;

const newId = (): string => toBase64url(random(16));

/** A new account of this member that is made and not sent: first its recovery key has to be written down. */
export interface PreparedKeys {
	/** As it is shown: groups with spaces between. */
	readonly recoveryKey: string;
	readonly password: string;
	readonly rotation: SignedRotation;
	/** JSON of what the server shall keep of it. */
	readonly account: string;
	readonly registrationRecord: string;
}

/**
 * Makes a new account key, identity, recovery key and a wrap for this password. Nothing is in force yet. Throws `bad-key` when
 * the server is not the one of before, `too-large` when keys were replaced too often before all was given to the newest,
 * `ApiError`.
 */
export async function prepareKeys(password: string): Promise<PreparedKeys> {
	const { member, practice, identity } = account;
	const signedIn = await fetchJson(SignedIn, { path: '/api/me' });
	const { registrationRecord, exportKey } = await registerAnew(password, practice.serverKey);
	const made = await createAccount({ account: member.id, exportKey });
	const kept = JSON.stringify(await accountOf(made, signedIn));
	const rotation = await signRotation({
		from: identity.signing,
		to: made.identity,
		rotation: {
			practice: practice.id,
			member: member.id,
			account: await sha256(utf8(kept)),
			record: await sha256(utf8(registrationRecord)),
			expiresAt: Date.now() + lifeMs,
		},
	});
	const recoveryKey = formatRecoveryKey(made.recoveryKey);
	return { recoveryKey, password, rotation, account: kept, registrationRecord };
}

/** What the server shall keep: the keys of now are in it as those of before. */
async function accountOf(
	{ accountKey, record }: Awaited<ReturnType<typeof createAccount>>,
	{ member: { id }, account: now }: SignedIn,
): Promise<Account> {
	const { publicKey, serverKey, id: practice } = account.practice;
	const former = await account.wrapped(async (old) => {
		const sealedIdentity = fromBase64url(now.identity);
		const secret = await openIdentitySecret({ account: id, accountKey: old, sealedIdentity });
		const before =
			now.former === undefined
				? []
				: await openFormerKeys({
						account: id,
						accountKey: old,
						sealed: fromBase64url(now.former),
					});
		const all = [{ accountKey: old, secret }, ...before];
		return sealFormerKeys({ account: id, accountKey, former: all });
	});
	const sealed = await account.wrapped(async (old) => {
		const { list } = await openPracticeSecrets(old, fromBase64url(now.practice));
		return sealPracticeKeys(accountKey, { id: practice, publicKey, serverKey, list });
	});
	return {
		unlockers: [
			{ id: newId(), kind: 'password', wrapped: toBase64url(record.wrappedByPassword) },
			{
				id: newId(),
				kind: 'recovery',
				wrapped: toBase64url(record.wrappedByRecoveryKey),
				publicKey: toBase64url(record.recoveryPublicKey),
			},
		],
		identity: toBase64url(record.sealedIdentity),
		practice: toBase64url(sealed),
		former: toBase64url(former),
		serverKey,
	};
}

/** Whether new keys of this member wait for an administrator's browser, until when, and where they were asked for. Throws `ApiError`. */
export const ownRotation = (): Promise<v.InferOutput<typeof OwnRotation>> =>
	fetchJson(OwnRotation, { path });

/** Until when they wait; null where none do. Throws `ApiError`. */
export async function waitsUntil(): Promise<number | null> {
	return (await ownRotation()).waitsUntil;
}

/** What is known of keys whose sending failed. */
export type Sent = 'waiting' | 'nothing' | 'unsure';

/**
 * Whether these wait at the server although sending them failed: an answer may be lost on its way. `unsure`: it does not say,
 * so they may even be in force.
 */
export async function sentAfterAll({ rotation }: PreparedKeys): Promise<Sent> {
	try {
		const until = await waitsUntil();
		// No two have the same end.
		return until === parseJson(Ends, rotation.text).expiresAt ? 'waiting' : 'nothing';
	} catch (error) {
		if (isApiError(error)) return 'unsure';
		throw error;
	}
}

const Ends = v.object({ expiresAt: v.number() });

/** Takes them back: the old ones go on. Throws `ApiError`. */
export async function takeBack(): Promise<void> {
	await request({ method: 'DELETE', path });
}

/**
 * Sends what was prepared. `waiting`: an administrator's browser has to confirm it, and until then everything is as it was;
 * `renewed`: this member, an administrator, has confirmed it herself and is signed in with her new keys. Throws `ApiError`:
 * `locked` without a fresh proof; then nothing was changed. After another one `sentAfterAll` knows more; done again it goes on.
 */
export async function useKeys(prepared: PreparedKeys): Promise<'waiting' | 'renewed'> {
	const { rotation, account: kept, registrationRecord } = prepared;
	const body = { rotation, account: kept, registrationRecord };
	try {
		await request({ method: 'POST', path, body });
	} catch (error) {
		// They were sent before, and the answer was lost.
		if (!isApiError(error) || (await sentAfterAll(prepared)) !== 'waiting') throw error;
	}
	const { member, practice, members } = account;
	if (member.role !== 'admin') return 'waiting';
	const rows = await policyRows(practice.id);
	await confirmOwn(member.id, rotation);
	await account.renewed(member.email, prepared.password);
	// They are not secret, and this browser has checked them while the key that signed them was on the list.
	for (const row of rows) await db.policies.put(row);
	await settings.load();
	await renewRules();
	// That the practice has another key is her own doing, if no list came in between.
	const own = account.keyChanges.every((id) => id === practice.id);
	if (own && account.members.version === members.version + 1) await account.seenKeyChanges();
	return 'renewed';
}

const triesMax = 4;

/** Throws `ApiError`: what was sent waits then, and any administrator's browser confirms it, this one too. */
async function confirmOwn(member: string, { signature }: SignedRotation): Promise<void> {
	for (let tries = 1; ; tries++) {
		try {
			const { rotations } = await fetchPeople();
			const own = rotations.find((one) => one.rotation.signature === signature);
			if (own?.member !== member) return;
			await confirmRotation(own);
			return;
		} catch (error) {
			// Another administrator's page was first, and this browser is signed out.
			if (isApiError(error, 'token') || account.state === 'signed-out') return;
			// So it was, or the list changed meanwhile.
			const again = error instanceof CryptoError || isApiError(error, 'conflict', 'not-found');
			if (!again || tries === triesMax) throw error;
		}
	}
}
