import * as v from 'valibot';
import { Account, Member, Role } from './account.ts';
import { limits } from './limits.ts';
import { WaitingRotation } from './rotation.ts';
import {
	Bytes32,
	Count,
	Email,
	Id,
	Signature,
	Signed,
	SignedList,
	Time,
	bytes,
	line,
} from './text.ts';

/** How a practice works; kept in clear, because the server has to follow it. */
export const PracticeSettings = v.strictObject({
	name: line(120),
	/** Whether sessions can be recorded at all. */
	recording: v.boolean(),
	/** Every session is recorded and nobody is asked whether. */
	recordAll: v.boolean(),
	/** Whether supervisors are recipients of recordings. */
	supervisorsOpen: v.boolean(),
	share: v.strictObject({
		/** Whether recordings may be shared by e-mail. */
		mail: v.boolean(),
		maxHours: v.pipe(Count, v.minValue(1), v.maxValue(30 * 24)),
		/** Whether anybody who has a full link may open one: the key is in the link. */
		links: v.optional(v.boolean(), false),
	}),
	/** Staff keys are locked after so long without anybody at the device; never later than the server's own limit. */
	idleMs: v.pipe(Count, v.minValue(1000), v.maxValue(480 * 60_000)),
	/** Minutes before the start at which participants are reminded. */
	reminders: v.pipe(
		v.array(v.pipe(Count, v.minValue(5), v.maxValue(14 * 24 * 60))),
		v.maxLength(5),
	),
	/** What a participant shall do in an emergency, in the practice's words; may be empty. */
	emergency: v.pipe(v.string(), v.maxLength(1000)),
	/** BCP 47 tags, the first is the practice's own. */
	languages: v.pipe(v.array(line(35)), v.minLength(1), v.maxLength(20)),
	/** IANA name; empty = each viewer's own. */
	timeZone: v.pipe(v.string(), v.maxLength(64)),
});
export type PracticeSettings = v.InferOutput<typeof PracticeSettings>;

/**
 * The settings that matter for privacy, as an admin signs them with her identity in context
 * `sotto/practice-settings/v1`: members believe this text and not what a server says beside it.
 */
export const Policy = v.strictObject({
	v: v.literal(1),
	practice: Id,
	/** Higher with each change. */
	version: v.pipe(Count, v.minValue(1)),
	/** The admin who signed. */
	author: Id,
	...v.pick(PracticeSettings, ['recording', 'recordAll', 'supervisorsOpen', 'share', 'idleMs'])
		.entries,
});
export type Policy = v.InferOutput<typeof Policy>;

/** PUT /api/practice/settings (admin) → 204. Errors: `bad-request` (the policy says something else), `conflict` (no higher version). */
export const NewSettings = v.strictObject({ ...PracticeSettings.entries, policy: Signed });
export type NewSettings = v.InferOutput<typeof NewSettings>;

/** GET /api/practice/settings (staff). The policy is null until an admin has signed one. */
export const KnownSettings = v.strictObject({
	...PracticeSettings.entries,
	policy: v.nullable(Signed),
	/** The server's own idle limit. */
	idleMostMs: Count,
});
export type KnownSettings = v.InferOutput<typeof KnownSettings>;

/** What holds until somebody changes it. */
export const defaultSettings: Omit<PracticeSettings, 'name' | 'idleMs'> = {
	recording: true,
	recordAll: false,
	supervisorsOpen: false,
	share: { mail: true, maxHours: 72, links: false },
	reminders: [24 * 60, 60],
	emergency: '',
	languages: ['en'],
	timeZone: '',
};

/**
 * PUT /api/people/list (admin) → 204: the same members in a newer list, with the admin's own account that
 * holds a new practice key. Errors: `conflict` unless its version follows the newest one.
 */
export const NewerList = v.strictObject({ memberList: SignedList, account: v.optional(Account) });

/** What the owner of an invitation's link shows the server; made from its secret, which the server never gets. */
const Proof = Bytes32;

/** HMAC with the invitation's secret over the new member: tells an admin's client that nobody swapped the keys. */
const Mac = Bytes32;

/**
 * POST /api/invitations (admin) → 201. An address that has an account is let back in with new keys: her
 * member id stays. Errors: `conflict` (this id, or an open invitation for the address).
 */
export const NewInvitation = v.strictObject({
	id: Id,
	email: Email,
	role: Role,
	proof: Proof,
	expiresAt: Time,
	/** Who shall come back: the account of the address, null when it has none. */
	member: v.optional(v.nullable(Id)),
});

/** POST /api/invitations/:id/look → InvitationView. Errors: `not-found` (also withdrawn, expired, or another proof). */
export const InvitationProof = v.strictObject({ proof: Proof });
export const InvitationState = v.picklist(['open', 'waiting', 'confirmed']);
export const InvitationView = v.strictObject({
	practice: line(120),
	practiceId: Id,
	/** Ed25519 key of the practice; believed when its fingerprint is the one of the link. */
	publicKey: Bytes32,
	/** OPAQUE key of the server, which has to be the one of the link too. */
	serverKey: bytes(128),
	email: Email,
	role: Role,
	/** The member whose keys it replaces. */
	member: v.nullable(Id),
	state: InvitationState,
});
export type InvitationView = v.InferOutput<typeof InvitationView>;

/** POST /api/invitations/:id/start → SetupStarted; POST /api/invitations/:id/finish → 204. Errors: `not-found`, `conflict` (used). */
export const InvitationStart = v.strictObject({ proof: Proof, registrationRequest: bytes(4096) });
export const InvitationFinish = v.strictObject({
	proof: Proof,
	member: Member,
	registrationRecord: bytes(4096),
	account: Account,
	mac: Mac,
});

/** Somebody who was invited and has not been confirmed yet; admins see them. */
export const Invited = v.strictObject({
	id: Id,
	email: Email,
	role: Role,
	expiresAt: Time,
	/** SHA-256 of the proof as text: an admin's client sees by it that the rest is what an admin made. */
	proofHash: Bytes32,
	/** The member whose keys it replaces. */
	member: v.nullable(Id),
	/** Null until she accepted. */
	registration: v.nullable(v.strictObject({ member: Member, mac: Mac })),
});
export type Invited = v.InferOutput<typeof Invited>;

/** GET /api/people (staff). Invitations are empty for whoever is no admin. */
export const Colleague = v.strictObject({ ...Member.entries, active: v.boolean() });
export type Colleague = v.InferOutput<typeof Colleague>;
export const People = v.strictObject({
	members: v.array(Colleague),
	memberList: SignedList,
	invitations: v.array(Invited),
	/** As with invitations. */
	rotations: v.optional(v.array(WaitingRotation), []),
	/** Rows that the history had before all this was read. */
	history: v.optional(Count, 0),
});
export type People = v.InferOutput<typeof People>;

/** The practice's secret keys for one member, sealed to her; null = she holds none. */
const KeysBox = v.nullable(bytes(limits.memberKeysChars));

/** When keys of the practice were replaced: the new ones for everybody else who holds them. */
const OthersKeys = v.optional(
	v.pipe(
		v.array(v.strictObject({ member: Id, keys: bytes(limits.memberKeysChars) })),
		v.maxLength(limits.practiceMembersMax),
	),
	[],
);

/** POST /api/invitations/:id/confirm (admin) → 204. Errors: `conflict` (the list is not the next one). */
export const Confirmation = v.strictObject({
	memberList: SignedList,
	keys: KeysBox,
	others: OthersKeys,
});

/**
 * PUT /api/people/:member (admin) → 204: another role, or deactivated. Her sockets and tokens end at
 * once; who is deactivated is signed out everywhere. Errors: `conflict` (the last admin, or the list is not the next one).
 */
export const MemberChange = v.strictObject({
	memberList: SignedList,
	role: Role,
	active: v.boolean(),
	keys: KeysBox,
	others: OthersKeys,
});

/**
 * POST /api/people/:member/rotation (admin) → 204: she has her new keys from now on, and is signed out everywhere. Errors:
 * `not-found`, `conflict` (another one than this, the list is not the next one, she made or
 * changed a session since `history`, or a call or a recording of hers goes on).
 */
export const RotationConfirmation = v.strictObject({
	...Confirmation.entries,
	/** Of the rotation that the admin's client has verified. */
	signature: Signature,
	/** Of `People`, from before her sessions were read for what she has signed: what she signed since would be believed by nobody. */
	history: Count,
});
