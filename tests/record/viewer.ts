import { concat, fromBase64url, toBase64url } from '#crypto/bytes.ts';
import { openGrant } from '#crypto/grant/grant.ts';
import { importTrackKey } from '#crypto/track/key.ts';
import { readPart } from '#crypto/track/verdict.ts';
import { RecordingsApi } from '#lib/record/api.ts';
import { type Manifest, openManifest } from '#lib/record/manifest.ts';
import type { Recording } from '#protocol/recordings.ts';
import type { Stage } from './stage.ts';

type Keys = ReadonlyMap<string, CryptoKey>;

/** What somebody with a grant sees of the stage's recording. */
export interface Seen {
	readonly api: RecordingsApi;
	readonly recording: Recording;
	readonly keys: Keys;
}

/** The server as the member's own page asks it. */
export function apiOf(stage: Stage): RecordingsApi {
	const token = async () => (await stage.local.maya.token()).body.token;
	return new RecordingsApi({ origin: stage.local.address, token });
}

/** The recording and the keys in the grants. */
export async function openKeys(stage: Stage): Promise<Seen> {
	const api = apiOf(stage);
	const recording = await api.recording(stage.recording);
	const keys = new Map<string, CryptoKey>();
	const { member } = stage.local.maya.signedIn;
	for (const grant of recording.grants.filter(({ recipient }) => recipient === member.id)) {
		const opened = await openGrant({
			grant,
			recording: recording.id,
			identity: stage.opener,
			grantorKey: stage.opener.publicIdentity.ed25519,
		});
		for (const { track, key } of opened.keys) keys.set(track, await importTrackKey(key));
	}
	return { api, recording, keys };
}

function keyOf(keys: Keys, track: string): CryptoKey {
	const key = keys.get(track);
	if (!key) throw new Error('no key');
	return key;
}

/** Everything that can be known. */
export async function openRecording(stage: Stage): Promise<Seen & { manifest: Manifest }> {
	const seen = await openKeys(stage);
	const { api, recording, keys } = seen;
	const objects = recording.objects.filter(({ track }) => track === recording.id);
	const newest = objects.toSorted((a, b) => b.part - a.part)[0];
	if (!newest) throw new Error('no manifest');
	const { track, part, bytes } = newest;
	const source = api.objectBytes({ recording: recording.id, track, part, bytes });
	const key = keyOf(keys, recording.id);
	const manifest = await openManifest({ recording: recording.id, part, key, source });
	if (!manifest) throw new Error('the manifest is not whole');
	return { ...seen, manifest };
}

/** The final file of a person by name. Throws unless it is complete and the one that the manifest states. */
export async function openFilm(name: string, from: Awaited<ReturnType<typeof openRecording>>) {
	const { api, manifest, recording, keys } = from;
	const person = manifest.people.find((one) => one.name === name);
	const track = manifest.tracks.find((one) => one.person === person?.id && one.kind === 'final');
	const stated = track?.parts[0];
	if (!track || !stated) throw new Error(`no film of ${name}`);
	const { part } = stated;
	const object = recording.objects.find((one) => one.track === track.id && one.part === part);
	const bytes = object?.bytes ?? 0;
	const pieces: Uint8Array[] = [];
	const verdict = await readPart({
		key: keyOf(keys, track.id),
		name: { recording: fromBase64url(recording.id), track: fromBase64url(track.id), part },
		source: api.objectBytes({ recording: recording.id, track: track.id, part, bytes }),
		onSegment: ({ payload }) => void pieces.push(payload),
	});
	if (verdict.verdict !== 'complete' || toBase64url(verdict.digest) !== stated.digest)
		throw new Error(`the film of ${name} is ${verdict.verdict}`);
	return { track, file: concat(...pieces) };
}
