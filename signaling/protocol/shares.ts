import * as v from 'valibot';
import { limits } from './limits.ts';
import { Mobile } from './post.ts';
import {
	Bytes32,
	Count,
	Email,
	Id,
	PublicIdentity,
	Sealed,
	Signature,
	Signed,
	Time,
	bytes,
} from './text.ts';

/**
 * How somebody without an account gets the key of a share: `words` = five words by phone (an OPAQUE record, RFC 9807),
 * `device` = the key of one browser, `link` = a secret in the fragment of a full link.
 */
export const ShareWay = v.picklist(['words', 'device', 'link']);
export type ShareWay = v.InferOutput<typeof ShareWay>;

/**
 * `locked`: the words were wrong too often; `exposed`: the secret of a full link was sent to the server; `ended`: by
 * somebody of the practice; `expired`: its time is over. Only an `open` one serves anything.
 */
export const ShareState = v.picklist(['open', 'locked', 'exposed', 'ended', 'expired']);
export type ShareState = v.InferOutput<typeof ShareState>;

/** What became of the mail with the link. `none`: nothing is sent for a full link; `held`: this server sends no mail. */
export const ShareMail = v.picklist(['none', 'waiting', 'sending', 'sent', 'failed', 'held']);
export type ShareMail = v.InferOutput<typeof ShareMail>;

/** What only a recipient opens: sealed by crypto/share. */
const Content = bytes(limits.shareContentChars);

/** A message of OPAQUE in the library's own encoding. */
const OpaqueMessage = bytes(4096);

/**
 * POST /api/recordings/:id/shares/start (the host; admins and supervisors who can open it) → ShareStarted: the first
 * message of registering five words. Nothing is stored. Errors: `not-found`, `forbidden` (sharing is off), `conflict`
 * (there is such a share: an answer would let its words be tried without being counted).
 */
export const ShareStart = v.strictObject({ share: Id, registrationRequest: OpaqueMessage });
export const ShareStarted = v.strictObject({
	registrationResponse: OpaqueMessage,
	/** OPAQUE key of the server, which has to be the pinned one. */
	serverKey: bytes(128),
});

/**
 * POST /api/recordings/:id/shares (as above) → 201. Errors: `conflict` (this id, or the recording is not finished),
 * `forbidden` (the practice does not share, or not by full links), `bad-request` (longer than the practice allows, or a
 * track that is none of the recording's final ones), `not-ready` (this server sends no text messages), `over-limit`.
 */
export const NewShare = v.pipe(
	v.strictObject({
		id: Id,
		way: ShareWay,
		/** Final tracks that may be fetched. */
		tracks: v.pipe(
			v.array(Id),
			v.minLength(1),
			v.maxLength(limits.tracksPerRecording),
			v.check((tracks) => new Set(tracks).size === tracks.length),
		),
		expiresAt: Time,
		/** In clear, erased as soon as nothing is to be sent there any more. No mail is sent for a full link. */
		contact: v.strictObject({ email: v.nullable(Email), mobile: Mobile }),
		/** Who it is for, for everybody who can open the recording; sealed under the recording's key. */
		about: Sealed,
		/** The words or the secret of the link, sealed to the sharer herself. */
		own: Sealed,
		/** Of the five words. */
		record: v.nullable(OpaqueMessage),
		/** Null until a device was approved. */
		content: v.nullable(Content),
		/** That the sharer did it (protocol/acts.ts); about the share. */
		signed: v.optional(Signed),
		/** To whom it is given, for the accounting of disclosures (protocol/disclosures.ts). */
		disclosure: v.optional(Sealed),
	}),
	v.check(({ way, record }) => (way === 'words') === (record !== null)),
	v.check(({ way, content }) => (way === 'device') === (content === null)),
	v.check(({ way, contact }) => (way === 'link') === (contact.email === null)),
);
export type NewShare = v.InferOutput<typeof NewShare>;

/** The key of a recipient's browser, signed by its Ed25519 key in context `sotto/share/v1`. */
export const ShareDevice = v.strictObject({ identity: PublicIdentity, signature: Signature });
export type ShareDevice = v.InferOutput<typeof ShareDevice>;

/** A row of GET /api/recordings/:id/shares (whoever may share it). */
export const Share = v.strictObject({
	id: Id,
	recording: Id,
	/** The member who made it. */
	sharer: Id,
	way: ShareWay,
	state: ShareState,
	tracks: v.array(Id),
	createdAt: Time,
	expiresAt: Time,
	/** When its keys and its contact were erased, however that came: a moment after its time was over, if it was that. */
	endedAt: v.nullable(Time),
	mail: ShareMail,
	codesSent: Count,
	/** Wrong words since they were last right. */
	wordsWrong: Count,
	/** How often it was opened. */
	openings: Count,
	/** The last `shareOpeningsShown` of them, oldest first. */
	openedAt: v.array(Time),
	/** A browser that asks for the key, or has it. */
	device: v.nullable(
		v.strictObject({
			...ShareDevice.entries,
			at: Time,
			approved: v.boolean(),
			/** Whether the sharer said that the numbers were the same. */
			compared: v.boolean(),
		}),
	),
	about: Sealed,
	/** Null for everybody but the sharer, and for everybody once it is over. */
	own: v.nullable(Sealed),
});
export type Share = v.InferOutput<typeof Share>;
export const ShareList = v.strictObject({
	shares: v.array(Share),
	/** Whether this server sends text messages: without a code from one nothing opens, so nothing can be shared. */
	texts: v.boolean(),
});
/** Openings whose time is told. */
export const shareOpeningsShown = 50;

/** GET /api/shares/asking (clinical staff) → the browsers that ask for shares which this member made, and wait for her. */
export const SharesAsking = v.strictObject({
	asking: v.array(
		v.strictObject({
			share: Id,
			recording: Id,
			/** When it asked. */
			at: Time,
			/** When the recording began. */
			startedAt: Time,
		}),
	),
});
export type ShareAsking = v.InferOutput<typeof SharesAsking>['asking'][number];

/**
 * GET /api/shares/unapproved (clinical staff) → what this member sealed for herself of her open shares for a device that she
 * has not approved.
 */
export const UnapprovedShares = v.strictObject({
	shares: v.array(v.strictObject({ share: Id, recording: Id, expiresAt: Time, own: Sealed })),
});

/**
 * PUT /api/shares/:id/device (the sharer) → 204: the content, sealed to the device that is named by the hash of its
 * public identity. Errors: `conflict` (another device asks by now), `gone` (it is over), `not-found`.
 */
export const ShareApproval = v.strictObject({
	/** SHA-256 of the canonical public identity. */
	device: Bytes32,
	compared: v.boolean(),
	content: Content,
	/** That the sharer did it (protocol/acts.ts); about the share. */
	signed: v.optional(Signed),
});
export type ShareApproval = v.InferOutput<typeof ShareApproval>;

/** DELETE /api/shares/:id/device (whoever may share the recording) → 204: that browser is not the one; another may ask. */
/** DELETE /api/shares/:id (whoever may share the recording) → 204: serves nothing from now on; again: 204. */

/**
 * GET /api/shares/:id (anybody, no effect) → what the page of a share shows before anything was proven. Errors:
 * `not-found` (also when the recording was deleted).
 */
export const ShareFace = v.strictObject({
	way: ShareWay,
	state: ShareState,
	expiresAt: Time,
	/** Name of the practice. */
	practice: v.string(),
	/** Name of the member who shares. */
	sharer: v.string(),
	/** Fingerprint of her public identity: a browser that was in a call with her may have a key for her. */
	sharerIdentity: Bytes32,
	/** Last two digits of the mobile; null once it is erased. */
	mobileEnd: v.nullable(v.string()),
	/** OPAQUE key of the server. */
	serverKey: bytes(128),
});
export type ShareFace = v.InferOutput<typeof ShareFace>;

/**
 * POST /api/shares/:id/code (anybody, body {}) → ShareCodeSent: sends a code to the mobile. An older code is void.
 * Errors: `not-found`, `gone` (it is over), `too-many-tries` (too many codes; with `next` seconds, without it when there
 * never is another), `not-ready` (the text could not be handed in).
 */
export const ShareCodeSent = v.strictObject({
	/** Milliseconds that the code is valid. */
	validMs: Count,
});

/**
 * POST /api/shares/:id/check (anybody) → ShareToken. Errors: `login-failed` (wrong; `next` = tries left of this code),
 * `not-ready` (no code is in force: none was sent, its time is over, or it was tried too often), `gone`, `not-found`.
 */
export const ShareCheck = v.strictObject({ code: v.pipe(v.string(), v.regex(/^\d{6}$/)) });
/** A token for what follows; it ends `shareTokenMs` after it was last used, and with the share. */
export const ShareToken = v.strictObject({ token: Bytes32 });

/**
 * POST /api/shares/:id/words (with a share's token) → WordsStarted: one try. Errors: `token`, `gone` with the share
 * over; also when this was one try too many.
 */
export const WordsStart = v.strictObject({ startLoginRequest: OpaqueMessage });
export const WordsStarted = v.strictObject({ try: Id, loginResponse: OpaqueMessage });

/**
 * POST /api/shares/:id/words/:try (with its token) → ShareContent; null says that the words were wrong. Errors:
 * `login-failed` with `next` = tries left, `gone` when none is left, `token`.
 */
export const WordsFinish = v.strictObject({ finishLoginRequest: v.nullable(OpaqueMessage) });

/** POST /api/shares/:id/open (with its token; `device` and `link`) → ShareContent. Errors: `not-ready` (not approved yet), `gone`, `token`. */
export const ShareContent = v.strictObject({ recording: Id, expiresAt: Time, content: Content });

/**
 * PUT /api/shares/:id/key (with its token) → ShareDeviceKept: asks that the content is sealed to this browser. A newer one
 * replaces one that was not approved. Errors: `conflict` (another browser was approved), `bad-request`, `gone`, `token`.
 */
export const ShareDeviceKept = v.strictObject({
	recording: Id,
	expiresAt: Time,
	/** Id and Ed25519 key of the sharer, to be compared by voice. */
	sharer: v.strictObject({ id: Id, key: Bytes32 }),
	approved: v.boolean(),
});
export type ShareDeviceKept = v.InferOutput<typeof ShareDeviceKept>;

/** GET /api/shares/:id/key (with its token) → whether this browser was approved, or refused. */
export const ShareDeviceState = v.strictObject({
	state: v.picklist(['waiting', 'approved', 'refused']),
});

/**
 * GET /api/shares/:id/objects/:track/:part (with its token, after the content was given), `Range: bytes=a-b` → 206.
 * Errors: `token`, `not-ready` (nothing was opened with this token), `not-found` (no track of this share), `gone` (it is
 * over), `bad-request` (no range).
 */

/** Codes that are sent for one share in `shareHourMs`. */
export const shareCodesPerHour = 5;
/** Codes that are ever sent for one share. */
export const shareCodesMax = 30;
export const shareHourMs = 60 * 60_000;
/** A code is valid so long. */
export const shareCodeMs = 5 * 60_000;
/** Tries of one code. */
export const shareCodeTries = 5;
/** Wrong words before a share is locked. */
export const shareWordsTries = 10;
/** A recipient's token that was not used so long is void. */
export const shareTokenMs = 30 * 60_000;
/** Shares of one recording that may be in force at once. */
export const sharesPerRecording = 50;
