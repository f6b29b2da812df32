import * as v from 'valibot';
import { fromBase64url, fromUtf8, utf8 } from '#crypto/bytes.ts';
import { parseJson } from '#crypto/schema.ts';
import { importTrackKey, toTrackKey } from '#crypto/track/key.ts';
import { type VaultKey, openInVault, sealInVault } from '#crypto/vault/vault.ts';
import { Captions, Note, WaveformBody } from '#lib/recordings/beside.ts';
import { Bytes32, Count, Id, Time } from '#protocol/text.ts';
import type { CopyRow } from './rows.ts';

/** What a copy needs besides its sealed bytes. This device checked it when it was kept, and sealed it under the vault key. */
export const CopyContent = v.strictObject({
	v: v.literal(1),
	title: v.string(),
	startedAt: Time,
	durationMs: Count,
	people: v.array(
		v.strictObject({
			id: v.string(),
			name: v.string(),
			startMs: Count,
			durationMs: Count,
			media: v.nullable(v.strictObject({ track: Id, part: Count, bytes: Count, key: Bytes32 })),
		}),
	),
	gaps: v.array(
		v.strictObject({ from: v.number(), to: v.number(), why: v.picklist(['paused', 'missing']) }),
	),
	notes: v.array(Note),
	captions: v.nullable(Captions),
	waveform: v.nullable(WaveformBody),
});
export type CopyContent = v.InferOutput<typeof CopyContent>;

export function sealContent(
	vaultKey: VaultKey,
	recording: string,
	content: CopyContent,
): Promise<CopyRow['sealed']> {
	return sealInVault(vaultKey, recording, utf8(JSON.stringify(content)));
}

/** Opens what `sealContent` made. Throws as `openInVault`, `bad-encoding`. */
export async function openContent(vaultKey: VaultKey, row: CopyRow): Promise<CopyContent> {
	return parseJson(CopyContent, fromUtf8(await openInVault(vaultKey, row.recording, row.sealed)));
}

/** The key of a track for the service worker: none that can leave WebCrypto. */
export function keyOf({ key }: { key: string }): Promise<CryptoKey> {
	return importTrackKey(toTrackKey(fromBase64url(key)));
}
