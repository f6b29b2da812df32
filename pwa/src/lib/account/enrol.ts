import { createAccount } from '#crypto/account/account.ts';
import { registrationFinish, registrationStart } from '#crypto/account/opaque.ts';
import type { RecoveryKey } from '#crypto/account/recovery.ts';
import { type Bytes, random, toBase64url } from '#crypto/bytes.ts';
import { createStaffIdentity, encodePublicIdentity } from '#crypto/identity/identity.ts';
import { signMemberList } from '#crypto/members/members.ts';
import { createPracticeKey } from '#crypto/members/practice.ts';
import { fetchJson } from '#lib/net/api.ts';
import { firstPolicy, signPolicy } from '#lib/people/policy.ts';
import { SetupStarted, SignedIn } from '#protocol/account.ts';
import type { AccountKey } from '#crypto/account/key.ts';
import { deviceName, newDeviceKey } from './device.ts';
import { sealPracticeKeys } from './practice.ts';
import type { SignedInHere } from './enter.ts';

/** What the first administrator says. */
export interface Enrolment {
	/** From the fragment of the printed address. */
	token: string;
	practiceName: string;
	name: string;
	email: string;
	password: string;
}

const newId = (): string => toBase64url(random(16));

/** Makes the practice, its keys and its first admin. Throws `ApiError`: `setup-token`, `conflict`. */
export async function enrol(
	enrolment: Enrolment,
): Promise<SignedInHere & { recoveryKey: RecoveryKey }> {
	const { token, password } = enrolment;
	const email = enrolment.email.trim().toLowerCase();
	const { registrationRequest, state } = await registrationStart(password);
	const { registrationResponse, serverKey } = await fetchJson(SetupStarted, {
		method: 'POST',
		path: '/api/setup/start',
		body: { token, email, registrationRequest },
		open: true,
	});
	const { registrationRecord, exportKey } = await registrationFinish({
		password,
		state,
		registrationResponse,
		pinnedServerKey: serverKey,
	});
	const id = newId();
	const { accountKey, identity, recoveryKey, record } = await createAccount({
		account: id,
		exportKey,
	});
	const publicIdentity = encodePublicIdentity(identity.publicIdentity);
	const { practice, sealed } = await foundPractice({
		accountKey,
		serverKey,
		name: enrolment.practiceName.trim(),
		members: [{ id, role: 'admin', publicIdentity: identity.publicIdentity }],
	});
	const signing = await newDeviceKey();
	const unlockers = [
		{ id: newId(), kind: 'password', wrapped: toBase64url(record.wrappedByPassword) },
		{
			id: newId(),
			kind: 'recovery',
			wrapped: toBase64url(record.wrappedByRecoveryKey),
			publicKey: toBase64url(record.recoveryPublicKey),
		},
	];
	const signedIn = await fetchJson(SignedIn, {
		method: 'POST',
		path: '/api/setup/finish',
		body: {
			token,
			practice,
			member: { id, name: enrolment.name.trim(), email, role: 'admin', publicIdentity },
			registrationRecord,
			account: {
				unlockers,
				identity: toBase64url(record.sealedIdentity),
				practice: toBase64url(sealed),
				serverKey,
			},
			device: { publicKey: toBase64url(signing.publicKey), name: deviceName() },
			policy: await signPolicy({
				admin: { id, key: identity.signing },
				practice: practice.id,
				version: 1,
				choice: firstPolicy,
			}),
		},
		open: true,
	});
	return { accountKey, signedIn, signing, serverKey, recoveryKey };
}

async function foundPractice(options: {
	accountKey: AccountKey;
	serverKey: string;
	name: string;
	members: Parameters<typeof signMemberList>[0]['list']['members'];
}): Promise<{ practice: SignedIn['practice']; sealed: Bytes }> {
	const { accountKey, serverKey, name, members } = options;
	const id = newId();
	const { seed, key } = await createPracticeKey();
	const records = await createStaffIdentity();
	const schedule = await createStaffIdentity();
	const keys = {
		records: records.identity.publicIdentity,
		schedule: schedule.identity.publicIdentity,
	};
	const list = { practice: id, version: 1, members, keys };
	const practice = {
		id,
		name,
		publicKey: toBase64url(key.publicKey),
		records: encodePublicIdentity(keys.records),
		memberList: await signMemberList({ practiceKey: key, list }),
	};
	const secrets = {
		id,
		publicKey: key.publicKey,
		seed,
		records: records.secret,
		schedule: schedule.secret,
		serverKey,
	};
	return { practice, sealed: await sealPracticeKeys(accountKey, secrets) };
}
