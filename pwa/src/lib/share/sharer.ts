import * as v from 'valibot';
import { openAnnotation, sealAnnotation } from '#crypto/annotation/annotation.ts';
import { registrationFinish, registrationStart } from '#crypto/account/opaque.ts';
import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { KeyOfTrack } from '#crypto/grant/keys.ts';
import { decodePublicIdentity } from '#crypto/identity/identity.ts';
import { signingKeysOf } from '#crypto/members/members.ts';
import { type ShareContent, linkSecretBytes, sealContent } from '#crypto/share/content.ts';
import { deviceHash, sealToDevice, shareDigits, verifyDevice } from '#crypto/share/device.ts';
import { type OwnShare, openOwn, sealOwn } from '#crypto/share/own.ts';
import { createWords, normaliseWords } from '#crypto/share/words.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { address } from '#lib/net/origin.ts';
import { m } from '#lib/paraglide/messages.js';
import { sealDisclosure } from '#lib/requests/disclosure.ts';
import type { Basis } from '#lib/requests/told.ts';
import { signAct } from '#lib/proof/act.ts';
import { openWithAny } from '#lib/recordings/former.ts';
import { type TrackKeys, openOne } from '#lib/recordings/keys.ts';
import { type Opened, opener } from '#lib/recordings/store.ts';
import {
	type NewShare,
	type Share,
	ShareList,
	ShareStarted,
	type ShareWay,
} from '#protocol/shares.ts';
import { contentOf, scopeOf, tracksOf } from './content.ts';

/** What the dialog asks for. */
export interface ShareWish {
	readonly name: string;
	readonly email: string;
	/** As it is dialled, with a plus and no spaces. */
	readonly mobile: string;
	readonly hours: number;
	/** Ids of the outline's people whose sound and picture go along. */
	readonly people: readonly string[];
	readonly way: ShareWay;
	/** Why they may have it, for the accounting of disclosures. */
	readonly basis: Basis;
	/** What it is for; may be empty. */
	readonly purpose: string;
}

/** A share that was made. */
export interface MadeShare {
	readonly id: string;
	/** What the mail says: it opens nothing by itself. */
	readonly link: string;
	/** To be read out, separated by spaces; null for another way. */
	readonly words: string | null;
	/** The link with the key in it, to be passed on by the sharer herself; null for another way. The server mails nothing then. */
	readonly fullLink: string | null;
	readonly expiresAt: number;
}

const About = v.strictObject({
	name: v.string(),
	email: v.string(),
	mobile: v.string(),
	/** Names of those whose tracks are in it. */
	people: v.array(v.string()),
});
/** Whom a share is for. */
export type ShareAbout = v.InferOutput<typeof About>;

/** A share as whoever may share the recording sees it. */
export interface ShownShare extends Share {
	/** Null when its words are not as they were sealed. */
	readonly for: ShareAbout | null;
	/** Whether this member made it: only she can show its words again and approve a device. */
	readonly mine: boolean;
}

const hourMs = 60 * 60_000;
const aboutKind = (share: string): string => `share ${share}`;

/** The link of a share, without any key. */
export const linkOf = (share: string): string => address(`/s/${share}`);

const fullLinkOf = (share: string, secret: Uint8Array): string =>
	`${linkOf(share)}#${toBase64url(secret)}`;

/**
 * Makes a share: keys are wrapped on this device, then the server sends the mail, but for a full link, which the sharer
 * passes on herself. Takes a second or more for five words (Argon2id). Throws CryptoError: `no-key`, `bad-key` (another
 * server answers); `ApiError`: `forbidden`, `bad-request` (longer than the practice allows), `not-ready` (the server
 * sends no text messages), `conflict` (not finished), `over-limit`.
 */
export async function createShare(
	opened: Opened,
	wish: ShareWish,
	now: number = Date.now(),
): Promise<MadeShare> {
	const { recording, manifest } = opened;
	const id = toBase64url(random(16));
	const expiresAt = now + wish.hours * hourMs;
	const place = { share: id, recording: recording.id, expiresAt };
	const content = await contentFor(opened, wish.people);
	const sealed = await sealFor(wish.way, place, content);
	wipe(content);
	const names = new Set(wish.people);
	const about: ShareAbout = {
		name: wish.name,
		email: wish.email,
		mobile: wish.mobile,
		people: manifest.people.filter((one) => names.has(String(one.id))).map(({ name }) => name),
	};
	const { words, secret, record } = sealed;
	const tracks = tracksOf(content);
	const own = await sealOwn({
		...place,
		identity: account.identity,
		own: { tracks, words, secret },
	});
	const body: NewShare = {
		id,
		way: wish.way,
		tracks,
		expiresAt,
		contact: { email: wish.way === 'link' ? null : wish.email, mobile: wish.mobile },
		about: await sealAbout(opened, id, about),
		own: toBase64url(own),
		record,
		content: sealed.content && toBase64url(sealed.content),
		signed: await signAct({ act: 'shared', recording: recording.id, about: id }),
		disclosure: await sealDisclosure(id, {
			to: wish.name,
			address: wish.email,
			what: m.requests_shared(),
			purpose: wish.purpose,
			basis: wish.basis,
			people: about.people,
		}),
	};
	await request({ method: 'POST', path: `/api/recordings/${recording.id}/shares`, body });
	const fullLink = secret && fullLinkOf(id, secret);
	return { id, link: linkOf(id), words, fullLink, expiresAt };
}

/**
 * Shares of a recording, the newest first, and whether the server sends the text messages without which nothing can be
 * shared. Throws `ApiError`; `forbidden` for whoever may not share it.
 */
export async function fetchShares(
	opened: Pick<Opened, 'recording' | 'keys'>,
): Promise<{ shares: ShownShare[]; texts: boolean }> {
	const { recording, keys } = opened;
	const path = `/api/recordings/${recording.id}/shares`;
	const { shares: told, texts } = await fetchJson(ShareList, { path });
	const shown = told.map(async (share) => ({
		...share,
		for: await openAbout(share, keys),
		mine: share.sharer === account.member.id,
	}));
	const shares = (await Promise.all(shown)).toSorted((a, b) => b.createdAt - a.createdAt);
	return { shares, texts };
}

/**
 * The words or the full link of a share that this member made, while it is open. Throws `not-a-recipient` for another's
 * and for one that is over, `bad-signature` when it is not as she signed it.
 */
export async function showAgain(share: Share): Promise<Pick<MadeShare, 'words' | 'fullLink'>> {
	const { words, secret } = await ownOf(share);
	return { words, fullLink: secret && fullLinkOf(share.id, secret) };
}

/** Serves nothing from now on. What was seen cannot be recalled. Throws `ApiError`. */
export async function endShare(id: string): Promise<void> {
	await request({ method: 'DELETE', path: `/api/shares/${id}` });
}

/**
 * The 30 digits that the device which asks for a share shows too, if nobody stands in between. Throws `no-key` when no
 * device asks or this member did not make it, `bad-signature` when no device asked so.
 */
export async function digitsOf(share: Share): Promise<string> {
	return shareDigits({
		share: share.id,
		sharerKey: account.identity.publicIdentity.ed25519,
		device: await deviceOf(share),
	});
}

/**
 * Who used the browser that asks in the recorded session itself, by the name that the host let in: its key is the same.
 * Undefined when it is another browser: only the digits tell whose that is. Throws as `digitsOf`.
 */
export async function metAs(
	{ manifest }: Pick<Opened, 'manifest'>,
	share: Share,
): Promise<string | undefined> {
	const { ed25519 } = await deviceOf(share);
	const key = toBase64url(ed25519);
	return manifest.people.find((one) => one.role === 'participant' && one.key === key)?.name;
}

/**
 * Names of those whose keys a device gets that is approved: as the sharer signed it when she made the share, whatever the
 * server says of it now. Throws `bad-signature` when that is something else, `not-a-recipient` as `showAgain`.
 */
export async function givenWith(
	{ manifest }: Pick<Opened, 'manifest'>,
	share: Share,
): Promise<string[]> {
	const given = new Set(peopleOf(manifest, await tracksGiven(share)));
	return manifest.people.filter(({ id }) => given.has(String(id))).map(({ name }) => name);
}

/**
 * Gives the device that asks the keys: `compared` = its digits were the same as `digitsOf`. Throws as `digitsOf` and
 * `givenWith`; `ApiError`: `conflict` when another device asks by now, `gone`.
 */
export async function approveDevice(
	opened: Opened,
	share: ShownShare,
	{ compared }: { compared: boolean },
): Promise<void> {
	const { recording, expiresAt, id } = share;
	const device = await deviceOf(share);
	const given = await tracksGiven(share);
	const content = await contentFor(opened, peopleOf(opened.manifest, given));
	if (!tracksOf(content).every((track) => given.has(track))) throw new CryptoError('bad-signature');
	const sealed = await sealToDevice({
		share: id,
		recording,
		expiresAt,
		device,
		sharer: account.identity.signing,
		content: { ...content, checked: compared ? (share.for?.name ?? null) : null },
	});
	wipe(content);
	await request({
		method: 'PUT',
		path: `/api/shares/${id}/device`,
		body: {
			device: toBase64url(await deviceHash(device)),
			compared,
			content: toBase64url(sealed),
			signed: await signAct({ act: 'share-approved', recording, about: id }),
		},
	});
}

/** That device is not the recipient's: it gets nothing, and another one may ask. Throws `ApiError`. */
export async function refuseDevice(id: string): Promise<void> {
	await request({ method: 'DELETE', path: `/api/shares/${id}/device` });
}

async function deviceOf({ id, device, sharer }: Share) {
	if (!device || sharer !== account.member.id) throw new CryptoError('no-key');
	const identity = decodePublicIdentity(device.identity);
	const signature = fromBase64url(device.signature);
	if (!(await verifyDevice({ share: id, identity, signature })))
		throw new CryptoError('bad-signature');
	return identity;
}

/** What this member sealed for herself. Throws as `showAgain`. */
async function ownOf({ id, recording, expiresAt, own }: Share): Promise<OwnShare> {
	if (own === null) throw new CryptoError('not-a-recipient');
	const place = { share: id, recording, expiresAt, sealed: fromBase64url(own) };
	for (const { identity } of account.former) {
		try {
			return await openOwn({ ...place, identity });
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
		}
	}
	return openOwn({ ...place, identity: account.identity });
}

/** Tracks that this member gives with a share. A server that says other ones is refused. */
async function tracksGiven(share: Share): Promise<ReadonlySet<string>> {
	const given = new Set((await ownOf(share)).tracks);
	const same = share.tracks.length === given.size && share.tracks.every((one) => given.has(one));
	if (!same) throw new CryptoError('bad-signature');
	return given;
}

/** Ids of the outline's people who are in these tracks. */
function peopleOf({ tracks }: Opened['manifest'], given: ReadonlySet<string>): string[] {
	const people = tracks.filter(({ id }) => given.has(id)).map(({ person }) => String(person));
	return [...new Set(people)];
}

async function contentFor(opened: Opened, people: readonly string[]): Promise<ShareContent> {
	const { recording, manifest } = opened;
	const mine = opener();
	const keys: KeyOfTrack[] = [];
	for (const grant of recording.grants)
		keys.push(...(await openOne({ recording: recording.id, grant, opener: mine })));
	const part2 = scopeOf(opened, people);
	const content = contentOf({ manifest, people, keys, part2 });
	const kept = new Set(content.people.map(({ media }) => media?.key));
	for (const { key } of keys) if (!kept.has(key)) key.fill(0);
	return content;
}

function wipe({ people }: ShareContent): void {
	for (const { media } of people) media?.key.fill(0);
}

interface SealedFor {
	readonly words: string | null;
	readonly secret: ReturnType<typeof random> | null;
	readonly record: string | null;
	readonly content: ReturnType<typeof random> | null;
}

async function sealFor(
	way: ShareWay,
	place: { share: string; recording: string; expiresAt: number },
	content: ShareContent,
): Promise<SealedFor> {
	if (way === 'device') return { words: null, secret: null, record: null, content: null };
	if (way === 'link') {
		const secret = random(linkSecretBytes);
		const sealed = await sealContent({ ...place, way, secret, content });
		return { words: null, secret, record: null, content: sealed };
	}
	const words = await createWords();
	const password = await normaliseWords(words);
	const { registrationRequest, state } = await registrationStart(password);
	const { registrationResponse } = await fetchJson(ShareStarted, {
		method: 'POST',
		path: `/api/recordings/${place.recording}/shares/start`,
		body: { share: place.share, registrationRequest },
	});
	const { registrationRecord: record, exportKey } = await registrationFinish({
		password,
		state,
		registrationResponse,
		pinnedServerKey: account.practice.serverKey,
	});
	const secret = fromBase64url(exportKey);
	const sealed = await sealContent({ ...place, way, secret, content });
	secret.fill(0);
	return { words, secret: null, record, content: sealed };
}

function manifestKey(recording: string, keys: TrackKeys): CryptoKey {
	const key = keys.get(recording);
	if (!key) throw new CryptoError('no-key');
	return key;
}

async function sealAbout(opened: Opened, share: string, about: ShareAbout): Promise<string> {
	const { recording, keys } = opened;
	const sealed = await sealAnnotation({
		key: manifestKey(recording.id, keys),
		recording: recording.id,
		kind: aboutKind(share),
		version: 1,
		author: { id: account.member.id, signing: account.identity.signing },
		at: Date.now(),
		body: { ...about, people: [...about.people] },
	});
	return toBase64url(sealed);
}

async function openAbout(share: Share, keys: TrackKeys): Promise<ShareAbout | null> {
	try {
		const { author, body } = await openWithAny({ recording: share.recording, keys }, (key) =>
			openAnnotation({
				key,
				recording: share.recording,
				kind: aboutKind(share.id),
				sealed: fromBase64url(share.about),
				keysOf: (member) => signingKeysOf(account.members, member),
				schema: About,
			}),
		);
		return author === share.sharer ? body : null;
	} catch (error) {
		if (error instanceof CryptoError) return null;
		throw error;
	}
}
