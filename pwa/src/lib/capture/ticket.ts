import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { signCapture } from '#crypto/consent/capture.ts';
import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { request } from '#lib/net/api.ts';
import type { Listed } from '#lib/presence/devices.ts';
import { makeTracks } from '#lib/record/tracks.ts';
import type { CaptureTicket } from '#protocol/capture.ts';

/** What the user says before a tab is captured. */
export interface CaptureWish {
	readonly title: string;
	readonly purpose: string;
	/** About the consent of those in it, in words. */
	readonly consent: string;
}

/**
 * Makes the recording at the server with keys for this member, "Practice records key", and one capture of this extension:
 * that grant goes to the extension alone. Throws `ApiError`, `locked`.
 */
export async function makeTicket(
	{ title, purpose, consent }: CaptureWish,
	device: Pick<Listed, 'id' | 'publicKey' | 'presenceKey'>,
): Promise<CaptureTicket> {
	const { identity, member, practice } = account;
	const recording = toBase64url(random(16));
	const recorder = fromBase64url(device.publicKey);
	const uploader = { ed25519: recorder, x25519: fromBase64url(device.presenceKey) };
	const { people, tracks, grants } = await makeTracks({
		recording,
		people: [0],
		manifest: true,
		granting: {
			grantor: { id: member.id, signing: identity.signing },
			recipients: [
				{ id: member.id, publicIdentity: identity.publicIdentity },
				{ id: practice.id, publicIdentity: practice.recordsIdentity },
				{ id: device.id, publicIdentity: uploader },
			],
		},
	});
	const grant = grants.find(({ recipient }) => recipient === device.id);
	const [tab] = people;
	if (!grant || !tab) throw new CryptoError('no-key');
	const { audio, video, final } = tab;
	const capture = await signCapture({
		member: identity.signing,
		capture: {
			recording,
			practice: practice.id,
			member: member.id,
			recorder,
			title,
			purpose,
			consent,
			at: Date.now(),
		},
	});
	const body = {
		id: recording,
		source: 'tab',
		session: null,
		uploader: device.id,
		recorderKey: device.publicKey,
		tracks,
		grants: grants.filter((one) => one !== grant),
	};
	await request({ method: 'POST', path: '/api/recordings', body });
	return { recording, tracks: { audio, video, final }, grant, capture };
}
