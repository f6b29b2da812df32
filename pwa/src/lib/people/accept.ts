import { type Account, createAccount } from '#crypto/account/account.ts';
import { registrationFinish, registrationStart } from '#crypto/account/opaque.ts';
import { formatRecoveryKey } from '#crypto/account/recovery.ts';
import { equal, fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { encodePublicIdentity } from '#crypto/identity/identity.ts';
import {
	invitationProof,
	parseInvitationFragment,
	registrationMac,
} from '#crypto/members/invitation.ts';
import { practiceFingerprint } from '#crypto/members/practice.ts';
import { sealPracticeKeys } from '#lib/account/practice.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { SetupStarted } from '#protocol/account.ts';
import { InvitationView } from '#protocol/people.ts';

/** An invitation whose link is open in this browser. */
export interface OpenInvitation {
	readonly id: string;
	readonly secret: Uint8Array<ArrayBuffer>;
	readonly proof: string;
	/** OPAQUE key of the server, as the link has it. */
	readonly serverKey: string;
	readonly view: InvitationView;
}

/** An account that is made but not sent: its recovery key has to be saved first. */
export interface Prepared {
	readonly recoveryKey: string;
	/** Registers it. Throws `ApiError`: `conflict`, `not-found`. */
	readonly send: () => Promise<void>;
}

const newId = (): string => toBase64url(random(16));

async function look(id: string, proof: string): Promise<InvitationView> {
	return fetchJson(InvitationView, {
		method: 'POST',
		path: `/api/invitations/${id}/look`,
		body: { proof },
		open: true,
	});
}

/** Throws `bad-encoding`, `truncated` for a broken link, `bad-key` when the server is not that practice's, `ApiError`. */
export async function openInvitation(id: string, fragment: string): Promise<OpenInvitation> {
	const { secret, fingerprint, serverKey } = parseInvitationFragment(fragment);
	const proof = toBase64url(await invitationProof(secret));
	const view = await look(id, proof);
	const told = await practiceFingerprint(fromBase64url(view.publicKey));
	const same = equal(told, fingerprint) && equal(fromBase64url(view.serverKey), serverKey);
	if (!same) throw new CryptoError('bad-key');
	return { id, secret, proof, serverKey: toBase64url(serverKey), view };
}

/** Whether a failure says that the server is another than the one in the link. */
export const isOtherServer = (failure: unknown): boolean =>
	failure instanceof CryptoError && failure.code === 'bad-key';

/** Whether an admin has confirmed by now. Throws `ApiError`. */
export async function isConfirmed({ id, proof }: OpenInvitation): Promise<boolean> {
	return (await look(id, proof)).state === 'confirmed';
}

/** Makes the account of whoever accepts. Throws `bad-key` when the server has another key than the link, `ApiError`. */
export async function prepare(
	invitation: OpenInvitation,
	who: { name: string; password: string },
): Promise<Prepared> {
	const { id, proof, serverKey, view } = invitation;
	const { password } = who;
	const { registrationRequest, state } = await registrationStart(password);
	const { registrationResponse } = await fetchJson(SetupStarted, {
		method: 'POST',
		path: `/api/invitations/${id}/start`,
		body: { proof, registrationRequest },
		open: true,
	});
	const { registrationRecord, exportKey } = await registrationFinish({
		password,
		state,
		registrationResponse,
		pinnedServerKey: serverKey,
	});
	const memberId = view.member ?? newId();
	const made = await createAccount({ account: memberId, exportKey });
	const name = who.name.trim();
	return {
		recoveryKey: formatRecoveryKey(made.recoveryKey),
		send: async () =>
			finish({ invitation, made, member: { id: memberId, name }, registrationRecord, serverKey }),
	};
}

async function finish(options: {
	invitation: OpenInvitation;
	made: Account & Pick<Awaited<ReturnType<typeof createAccount>>, 'record'>;
	member: { id: string; name: string };
	registrationRecord: string;
	serverKey: string;
}): Promise<void> {
	const { invitation, made, registrationRecord, serverKey } = options;
	const { id, secret, proof, view } = invitation;
	const { email, role } = view;
	const publicKey = fromBase64url(view.publicKey);
	const { publicIdentity } = made.identity;
	const member = { ...options.member, email, role, publicIdentity };
	const sealed = await sealPracticeKeys(made.accountKey, {
		id: view.practiceId,
		publicKey,
		serverKey,
	});
	const { record } = made;
	const account = {
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
		serverKey,
	};
	const mac = toBase64url(await registrationMac({ secret, practice: publicKey, member }));
	await request({
		method: 'POST',
		path: `/api/invitations/${id}/finish`,
		body: {
			proof,
			member: { ...member, publicIdentity: encodePublicIdentity(publicIdentity) },
			registrationRecord,
			account,
			mac,
		},
		open: true,
	});
}
