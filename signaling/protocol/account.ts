import * as v from 'valibot';
import { limits } from './limits.ts';
import {
	Bytes32,
	Count,
	Email,
	Id,
	PublicIdentity,
	Signature,
	Signed,
	SignedList,
	Time,
	bytes,
	line,
} from './text.ts';

/** Messages of OPAQUE (RFC 9807) as the library writes them. */
export const OpaqueText = bytes(4096);

export const Role = v.picklist([
	'admin',
	'supervisor',
	'clinician',
	'scheduler',
	'participant-only',
	'station',
]);
export type Role = v.InferOutput<typeof Role>;

/** A passkey as the list of ways in shows it. */
export const PasskeyInfo = v.strictObject({
	/** WebAuthn credential id. */
	credential: bytes(1366),
	name: line(80),
	createdAt: Time,
});

/** One way to open the account key. A recovery key and a passkey have a public half: they sign the server's nonce. */
export const Unlocker = v.strictObject({
	id: Id,
	kind: v.picklist(['password', 'recovery', 'passkey']),
	/** The account key, wrapped. */
	wrapped: bytes(512),
	publicKey: v.optional(Bytes32),
	passkey: v.optional(PasskeyInfo),
});
export type Unlocker = v.InferOutput<typeof Unlocker>;

/** What the server keeps of an account besides its OPAQUE record; all of it sealed by the client. */
export const Account = v.strictObject({
	unlockers: v.pipe(v.array(Unlocker), v.minLength(1), v.maxLength(8)),
	/** Secret halves of the identity, under the account key. */
	identity: bytes(8192),
	/** Practice keys that this member holds, under the account key. */
	practice: bytes(8192),
	/** Keys that she had before and that something is still sealed to, under the account key of now. */
	former: v.optional(bytes(2048)),
	/** `serverStaticPublicKey` that was pinned at enrolment. */
	serverKey: bytes(128),
});
export type Account = v.InferOutput<typeof Account>;

/** A browser that a member signed in with: its Ed25519 key and the name that the list of devices shows. */
export const NewDevice = v.strictObject({ publicKey: Bytes32, name: line(80) });

export const Member = v.strictObject({
	id: Id,
	name: line(120),
	email: Email,
	role: Role,
	publicIdentity: PublicIdentity,
});
export type Member = v.InferOutput<typeof Member>;

export const Practice = v.strictObject({
	id: Id,
	name: line(120),
	/** Ed25519 key of the practice, which signs the member list. */
	publicKey: Bytes32,
	/** X25519 and X-Wing keys of "Practice records key". */
	records: PublicIdentity,
	memberList: SignedList,
});
export type Practice = v.InferOutput<typeof Practice>;

/** Id of an extension for Chromium. */
export const ExtensionId = v.pipe(v.string(), v.regex(/^[a-p]{32}$/));

/** GET /api/config: what anybody may know. */
export const Config = v.strictObject({
	version: Count,
	/** Whether a practice exists already. */
	ready: v.boolean(),
	practice: v.nullable(line(120)),
	/** OPAQUE `serverStaticPublicKey`. */
	serverKey: bytes(128),
	/** Whether a TURN server is configured. */
	relay: v.boolean(),
	idleMs: Count,
	/** Ids of the browser extensions that may be paired. */
	extensions: v.array(ExtensionId),
});
export type Config = v.InferOutput<typeof Config>;

/** The token travels in the fragment of the printed address, never in a path. */
const SetupToken = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/));

/** POST /api/setup/start. Errors: `setup-token`, `conflict` (a practice exists). */
export const SetupStart = v.strictObject({
	token: SetupToken,
	email: Email,
	registrationRequest: OpaqueText,
});
export const SetupStarted = v.strictObject({
	registrationResponse: OpaqueText,
	serverKey: bytes(128),
});

/** POST /api/setup/finish: makes the practice and its first admin, and burns the token. */
export const SetupFinish = v.strictObject({
	token: SetupToken,
	practice: Practice,
	member: Member,
	registrationRecord: OpaqueText,
	account: Account,
	device: NewDevice,
	/** The first settings, signed by the member: see Policy. */
	policy: v.optional(Signed),
});

/** The answer to every way in: setup, login and recovery. */
export const SignedIn = v.strictObject({
	member: Member,
	practice: Practice,
	device: Id,
	/** The server's half of this device's wrapping key; released only inside the idle limit. */
	half: Bytes32,
	account: Account,
	/** Practice keys that an admin gave this member, sealed to her. */
	keys: v.nullable(bytes(limits.memberKeysChars)),
	idleMs: Count,
});
export type SignedIn = v.InferOutput<typeof SignedIn>;

/** POST /api/login/start. An unknown address is answered like a known one. Errors: `too-many-tries`. */
export const LoginStart = v.strictObject({ email: Email, startLoginRequest: OpaqueText });
export const LoginStarted = v.strictObject({ login: Id, loginResponse: OpaqueText });

/** POST /api/login/finish → SignedIn. `device` is the id of a known device (unlock) or a new one. Errors: `login-failed`. */
export const LoginFinish = v.strictObject({
	login: Id,
	finishLoginRequest: OpaqueText,
	device: v.union([Id, NewDevice]),
});

/** POST /api/recovery/start → nonce to sign in context `sotto/recovery/v1` over `nonce || utf8(email)`. */
export const RecoveryStart = v.strictObject({ email: Email });
export const RecoveryStarted = v.strictObject({ recovery: Id, nonce: Bytes32 });

/** POST /api/recovery/finish → SignedIn. Errors: `login-failed`, `too-many-tries`. */
export const RecoveryFinish = v.strictObject({
	recovery: Id,
	signature: Signature,
	device: v.union([Id, NewDevice]),
});

/** POST /api/password/start (token) → registrationResponse; it ends with `PasswordFinish`. */
export const PasswordStart = v.strictObject({ registrationRequest: OpaqueText });
export const PasswordStarted = v.strictObject({ registrationResponse: OpaqueText });

/** POST /api/device/challenge → a nonce for one signature, valid for one minute. */
export const ChallengeRequest = v.strictObject({ device: Id });
export const Challenge = v.strictObject({ nonce: Bytes32 });

/** PUT /api/account/practice (token) → 204: replaces `Account.practice`. Errors: `conflict` unless it still is `was`. */
export const SealedPractice = v.strictObject({
	practice: Account.entries.practice,
	was: Account.entries.practice,
});

/** What the token may be used for: `staff` by a browser of a member, `presence` by a paired extension. */
export const Scope = v.picklist(['staff', 'presence']);
export type Scope = v.InferOutput<typeof Scope>;

/**
 * POST /api/device/token. The signature is Ed25519 in context `sotto/token/v1` over the UTF-8 text
 * `origin LF scope LF nonce`, with the origin of the page as the browser sends it in `Origin`.
 * Errors: `locked` (signed out, locked or idle too long: sign in again), `token`, `origin`, for the scope
 * `presence` also `not-found` (the practice took this extension off its list).
 */
export const TokenRequest = v.strictObject({
	device: Id,
	nonce: Bytes32,
	origin: line(255),
	scope: Scope,
	signature: Signature,
});
export const Token = v.strictObject({ token: bytes(64), expiresInMs: Count });

/** GET /api/me (token): SignedIn again, for a page that was reloaded inside the idle limit. */
/** POST /api/device/active (token): somebody is at this device, or it is in a call. 204. */
/** POST /api/device/lock (token): forgets this device's half until the next login. 204. */
/** POST /api/device/sign-out (token): forgets the device. 204. */

/** Signed text of `origin LF scope LF nonce`. */
export function tokenText(request: { origin: string; scope: Scope; nonce: string }): string {
	return `${request.origin}\n${request.scope}\n${request.nonce}`;
}

/** GET /api/ice (any token): RTCConfiguration, from the server's environment only. */
export const IceConfig = v.strictObject({
	iceServers: v.array(
		v.strictObject({
			urls: v.array(line(512)),
			username: v.optional(line(256)),
			credential: v.optional(line(256)),
		}),
	),
	/** Whether "hide my address" (relay only) can work. */
	relay: v.boolean(),
	expiresInMs: v.optional(Count),
});
export type IceConfig = v.InferOutput<typeof IceConfig>;
