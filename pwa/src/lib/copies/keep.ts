import { toBase64url } from '#crypto/bytes.ts';
import type { VaultKey } from '#crypto/vault/vault.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson } from '#lib/net/api.ts';
import { address } from '#lib/net/origin.ts';
import { RecordingsApi } from '#lib/record/api.ts';
import type { Captions, Note, WaveformBody } from '#lib/recordings/beside.ts';
import { openOne } from '#lib/recordings/keys.ts';
import type { Outline } from '#lib/recordings/outline.ts';
import { type Opened, opener } from '#lib/recordings/store.ts';
import { KeptCopy, copyMsMax } from '#protocol/copies.ts';
import { type CopyContent, sealContent } from './content.ts';
import { writeObject } from './folder.ts';
import { writeCopy } from './rows.ts';
import { keepingLock, removeCopy } from './tend.ts';

/** This browser has no room for it. */
export class NoRoomError extends Error {
	override readonly name = 'NoRoomError';
	readonly code = 'no-room';

	constructor(options?: ErrorOptions) {
		super('no-room', options);
	}
}

/** What is kept. */
export interface Wanted {
	readonly opened: Opened;
	readonly outline: Outline;
	readonly title: string;
	readonly notes: readonly Note[];
	readonly captions: Captions | undefined;
	readonly waveform: WaveformBody | undefined;
}

/** Left free beside a copy. */
const spareBytes = 64 << 20;

/** Length of the sealed media of everybody. */
export const bytesOf = ({ people }: Outline): number =>
	people.reduce((sum, { media }) => sum + (media?.bytes ?? 0), 0);

/** Raw keys of the tracks, by track id, as base64url. */
async function rawKeys({ recording }: Opened): Promise<Map<string, string>> {
	const mine = opener();
	const keys = new Map<string, string>();
	for (const grant of recording.grants)
		for (const { track, key } of await openOne({ recording: recording.id, grant, opener: mine })) {
			keys.set(track, toBase64url(key));
			key.fill(0);
		}
	return keys;
}

async function contentOf(wanted: Wanted): Promise<CopyContent> {
	const { opened, outline, title, notes, captions, waveform } = wanted;
	const keys = await rawKeys(opened);
	const people = outline.people.map(({ id, name, startMs, durationMs, media }) => {
		const key = media && keys.get(media.track);
		return { id, name, startMs, durationMs, media: media && key ? { ...media, key } : null };
	});
	return {
		v: 1,
		title,
		startedAt: opened.manifest.startedAt,
		durationMs: outline.durationMs,
		people,
		gaps: outline.gaps.map(({ from, to, why }) => ({ from, to, why })),
		notes: [...notes],
		captions: captions ?? null,
		waveform: waveform ?? null,
	};
}

async function demandRoom(bytes: number): Promise<void> {
	const { quota = 0, usage = 0 } = await navigator.storage.estimate();
	if (bytes + spareBytes > quota - usage) throw new NoRoomError();
	// So that the browser does not clear it by itself; where it asks and hears no, it is kept all the same.
	await navigator.storage.persist();
}

/**
 * Keeps a copy of a recording on this device: the sealed bytes as the server has them, and under the vault key what
 * opens them. The server writes it into the history before the first byte comes. `onShare` hears how much is done, from
 * 0 to 1. Throws `NoRoomError`, `ApiError` and the signal's reason, and leaves nothing behind.
 */
export async function keepCopy(
	wanted: Wanted,
	options: {
		vaultKey: VaultKey;
		forMs: number;
		signal: AbortSignal;
		onShare: (share: number) => void;
	},
): Promise<void> {
	const { vaultKey, forMs, signal, onShare } = options;
	const { id } = wanted.opened.recording;
	const member = account.member.id;
	const total = bytesOf(wanted.outline);
	await demandRoom(total);
	// With her keys it ends, whoever comes after her.
	const demandOpen = () => {
		if (account.member.id !== member) throw new DOMException('', 'AbortError');
	};
	const keptAt = Date.now();
	const wish = keptAt + Math.min(forMs, copyMsMax);
	const path = `/api/copies/${id}`;
	const kept = await fetchJson(KeptCopy, { method: 'PUT', path, body: { expiresAt: wish } });
	// No answer makes it longer than she chose.
	const expiresAt = Math.min(wish, kept.expiresAt);
	try {
		const onBytes = (bytes: number) => {
			demandOpen();
			onShare(bytes / Math.max(1, total));
		};
		await navigator.locks.request(keepingLock, { mode: 'shared', signal }, async () => {
			await bringBytes(wanted, { signal, onBytes });
			const sealed = await sealContent(vaultKey, id, await contentOf(wanted));
			demandOpen();
			await writeCopy({ recording: id, member, sealed, bytes: total, keptAt, expiresAt });
		});
	} catch (error) {
		await removeCopy({ recording: id, member });
		if (error instanceof DOMException && error.name === 'QuotaExceededError')
			throw new NoRoomError({ cause: error });
		throw error;
	}
}

async function bringBytes(
	{ opened, outline }: Wanted,
	options: { signal: AbortSignal; onBytes: (bytes: number) => void },
): Promise<void> {
	const { signal, onBytes } = options;
	const { id: recording } = opened.recording;
	const api = new RecordingsApi({
		origin: new URL(address('/')).origin,
		token: (stale) => account.token(stale !== undefined),
	});
	let done = 0;
	for (const { media } of outline.people) {
		if (!media) continue;
		const pieces = async function* () {
			for await (const piece of api.objectBytes({ recording, ...media }, signal)) {
				signal.throwIfAborted();
				yield piece;
				onBytes((done += piece.length));
			}
		};
		await writeObject({ recording, track: media.track, part: media.part }, pieces());
	}
}
