import { random, toBase64url } from '#crypto/bytes.ts';
import { signNotice } from '#crypto/consent/notice.ts';
import { makeGrant } from '#crypto/grant/grant.ts';
import { createLinkSecret } from '#crypto/proof/proof.ts';
import { createTrackKey } from '#crypto/track/key.ts';
import type { App } from './app.ts';

const newId = () => toBase64url(random(16));

/** A finished recording of this host, with grants for her and the practice; the id, which names its track too. */
export async function recorded(host: App): Promise<string> {
	const { member, identity, practice } = host.account;
	const [session, recording] = [newId(), newId()];
	const about = { session, practice: 'Alder Street', host: member.name, purpose: 'Training' };
	const notice = await signNotice({
		host: identity.signing,
		notice: { ...about, recorder: 'device', openers: 'The host', keptUntil: null },
	});
	const sealed = await host.sealSession({ host: member.id, session, text: {} });
	const post = (path: string, body: unknown) => host.request({ method: 'POST', path, body });
	const place = { id: newId(), name: 'Dana Whitfield', secret: createLinkSecret() };
	const words = await host.sealPlace({ host: member.id, session, place });
	const places = [{ id: place.id, sealed: words }];
	const times = { startsAt: Date.now(), minutes: 50 };
	await post('/api/sessions', { id: session, ...times, sealed, notice, places });
	const keys = [{ track: recording, key: createTrackKey() }];
	const recipients = [
		{ id: member.id, publicIdentity: identity.publicIdentity },
		{ id: practice.id, publicIdentity: practice.recordsIdentity },
	];
	const grantor = { id: member.id, signing: identity.signing };
	const grants = await Promise.all(
		recipients.map((recipient) =>
			makeGrant({ recording, recipient, grantor, expiresAt: null, keys }),
		),
	);
	const tracks = [{ id: recording, kind: 'manifest', person: -1 }];
	const recorderKey = toBase64url(random(32));
	await post('/api/recordings', { id: recording, session, recorderKey, tracks, grants });
	const finish = { recovered: false, keep: [], remove: [] };
	await post(`/api/recordings/${recording}/finish`, finish);
	return recording;
}
