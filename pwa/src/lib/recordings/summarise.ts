import { CryptoError } from '#crypto/errors.ts';
import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import type { Manifest } from '#lib/record/manifest.ts';
import { readAnnotation, writeAnnotation } from './annotations.ts';
import type { TrackKeys } from './keys.ts';
import { Summary, summaryOf } from './summary.ts';

/**
 * Leaves a newer summary of a finished recording for lists and searches. That it cannot be left hinders nobody: the
 * recording is found by what its summary said before.
 */
export async function summarise(options: {
	manifest: Manifest;
	keys: TrackKeys;
	/** What stands in the notes now. */
	notes: string;
}): Promise<void> {
	const { manifest, keys, notes } = options;
	const { recording } = manifest;
	if (account.member.role === 'participant-only') return;
	const place = { recording, kind: 'summary', keys } as const;
	try {
		const known = await readAnnotation({ ...place, schema: Summary });
		const body = summaryOf(manifest, { finished: true, notes });
		await writeAnnotation({ ...place, before: known?.version ?? 0, body });
	} catch (error) {
		if (!isApiError(error) && !(error instanceof CryptoError)) throw error;
	}
}
