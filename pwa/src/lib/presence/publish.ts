import { fromBase64url, random, sha256, toBase64url, utf8 } from '#crypto/bytes.ts';
import { type Names, type NamesOf, sealNames } from '#crypto/presence/names.ts';
import { account } from '#lib/account/account.svelte.ts';
import { request } from '#lib/net/api.ts';
import type { HostSession } from '#lib/sessions/session.ts';
import { fetchSessions } from '#lib/sessions/store.ts';
import { type Listed, fetchDevices } from './devices.ts';

const dayMs = 24 * 60 * 60_000;
/** Sessions that began so long ago may still go on. */
const pastMs = dayMs / 2;
/** An extension names nobody of sessions that are further away. */
const aheadMs = 15 * dayMs;
/** Names in one request: far below what the server takes. */
const atOnce = 100;
/** Longer ones are cut: a notification has no room for them. */
const titleChars = 200;
const nameChars = 120;

/** Digests of what this page published, so that only what changed is sealed again; they say nothing after a lock. */
const published = new Map<string, string>();
const salt = random(32);

const namesOf = ({ title, places }: HostSession): Names => ({
	title: (title ?? '').slice(0, titleChars).toWellFormed(),
	people: places.map(({ id, name }) => ({
		place: id,
		name: name.slice(0, nameChars).toWellFormed(),
	})),
});

interface Wanted {
	readonly device: Listed;
	readonly session: HostSession;
	readonly key: string;
	readonly digest: string;
}

async function changedOf(
	devices: readonly Listed[],
	sessions: readonly HostSession[],
): Promise<Wanted[]> {
	const signer = account.identity.publicIdentity.ed25519;
	const wanted: Wanted[] = [];
	for (const session of sessions) {
		const text = JSON.stringify([session.startsAt, namesOf(session)]);
		const digest = toBase64url(await sha256(salt, signer, utf8(text)));
		for (const device of devices) {
			const key = `${device.id} ${session.id}`;
			if (published.get(key) !== digest) wanted.push({ device, session, key, digest });
		}
	}
	return wanted;
}

async function seal({ device, session }: Wanted) {
	const of: NamesOf = { device: device.id, session: session.id, startsAt: session.startsAt };
	const sealed = await sealNames({
		host: account.identity.signing,
		presenceKey: fromBase64url(device.presenceKey),
		of,
		issued: Date.now(),
		names: namesOf(session),
	});
	return { device: device.id, session: session.id, sealed: toBase64url(sealed) };
}

/**
 * Seals the names of one's coming sessions to one's own extensions, and gives them to the server: what
 * changed since this page did it last. Extensions that this member's identity does not vouch for get nothing.
 * Throws `ApiError`.
 */
export async function publishNames(): Promise<void> {
	if (account.state !== 'unlocked') return;
	const { member } = account;
	const devices = (await fetchDevices()).filter((one) => one.member === member.id && one.certified);
	if (devices.length === 0) return;
	const now = Date.now();
	const { sessions } = await fetchSessions(now - pastMs, now + aheadMs);
	const coming = sessions.filter((one) => one.host === member.id && one.state !== 'ended');
	const wanted = await changedOf(devices, coming);
	for (let at = 0; at < wanted.length; at += atOnce) {
		const some = wanted.slice(at, at + atOnce);
		const names = await Promise.all(some.map(seal));
		await request({ method: 'PUT', path: '/api/presence/names', body: { names } });
		for (const { key, digest } of some) published.set(key, digest);
	}
}
