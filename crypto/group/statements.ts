import * as v from 'valibot';
import { type Bytes, equal, toBase64url } from '#crypto/bytes.ts';
import { RecorderKind } from '#crypto/consent/kind.ts';
import { assert } from '#crypto/errors.ts';
import { type Signed, openSigned, signJson } from '#crypto/identity/signed.ts';
import type { SigningKey } from '#crypto/identity/signing.ts';
import { Id, bytesText } from '#crypto/schema.ts';

/** What somebody is in a call. */
export const Role = v.picklist(['host', 'participant', 'recorder']);
export type Role = v.InferOutput<typeof Role>;

/** Most characters of a name. */
export const nameMax = 200;

const named = { v: v.literal(1), session: Id, key: bytesText(32) };
const AdmissionSchema = v.strictObject({
	...named,
	name: v.pipe(v.string(), v.maxLength(nameMax)),
	role: Role,
});
const RemovalSchema = v.strictObject(named);
const CertificateSchema = v.strictObject({ ...named, hostKey: bytesText(32), kind: RecorderKind });

/** The host lets an identity into a session, under a name and a role. */
export interface Admission {
	readonly session: string;
	/** 32 bytes. */
	readonly key: Bytes;
	readonly name: string;
	readonly role: Role;
}

/** The host takes an identity out of a session for good. */
export interface Removal {
	readonly session: string;
	/** 32 bytes. */
	readonly key: Bytes;
}

/** The host says that an identity is the recorder of a session. */
export interface Certificate {
	readonly session: string;
	readonly hostKey: Bytes;
	/** 32 bytes. */
	readonly key: Bytes;
	readonly kind: RecorderKind;
}

export type SignedAdmission = Signed;
export type SignedRemoval = Signed;
export type RecorderCertificate = Signed;

/** Lets `key` in. The role `host` is for the host's own key, which needs no admission but gets its name from one; TypeError otherwise, and for a name above 200 characters. */
export async function signAdmission(options: {
	host: SigningKey;
	session: string;
	key: Bytes;
	name: string;
	role: Role;
}): Promise<SignedAdmission> {
	const { host, session, key, name, role } = options;
	assert((role === 'host') === equal(key, host.publicKey), 'only the host is the host');
	assert(name.length <= nameMax, 'a name has at most 200 characters');
	const value = { v: 1, session, key: toBase64url(key), name, role };
	return signJson({ key: host, context: 'sotto/admission/v1', value });
}

/** Takes `key` out for good. Throws TypeError for the host's own key. */
export async function signRemoval(options: {
	host: SigningKey;
	session: string;
	key: Bytes;
}): Promise<SignedRemoval> {
	const { host, session, key } = options;
	assert(!equal(key, host.publicKey), 'the host cannot be removed');
	const value = { v: 1, session, key: toBase64url(key) };
	return signJson({ key: host, context: 'sotto/removal/v1', value });
}

/** Says that `key` is the recorder of this session, and where it runs. */
export async function certifyRecorder(options: {
	host: SigningKey;
	session: string;
	key: Bytes;
	kind: RecorderKind;
}): Promise<RecorderCertificate> {
	const { host, session, key, kind } = options;
	const keys = { key: toBase64url(key), hostKey: toBase64url(host.publicKey) };
	const value = { v: 1, session, kind, ...keys };
	return signJson({ key: host, context: 'sotto/recorder/v1', value });
}

/** The admission, after the host's signature was checked. Throws `bad-signature` and `bad-encoding`. */
export async function verifyAdmission(signed: Signed, hostKey: Bytes): Promise<Admission> {
	const context = 'sotto/admission/v1';
	return openSigned({ signed, publicKey: hostKey, context, schema: AdmissionSchema });
}

/** The removal, after the host's signature was checked. Throws `bad-signature` and `bad-encoding`. */
export async function verifyRemoval(signed: Signed, hostKey: Bytes): Promise<Removal> {
	const context = 'sotto/removal/v1';
	return openSigned({ signed, publicKey: hostKey, context, schema: RemovalSchema });
}

/** The certificate, after the host's signature was checked. Throws `bad-signature` and `bad-encoding`. */
export async function verifyCertificate(signed: Signed, hostKey: Bytes): Promise<Certificate> {
	const context = 'sotto/recorder/v1';
	return openSigned({ signed, publicKey: hostKey, context, schema: CertificateSchema });
}
