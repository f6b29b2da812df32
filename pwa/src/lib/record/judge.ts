import type { Bytes } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { openSigned } from '#crypto/identity/signed.ts';
import type { Signed } from '#protocol/text.ts';
import { Checkpoint } from './checkpoint.ts';
import type { Finished } from './finish.ts';
import type { PartReport } from './join.ts';
import type { Missing } from './messages.ts';

/** How far the parts had come by the newest checkpoints that the recorder signed, by `track.part`. */
export async function statedSegments(options: {
	recording: string;
	recorderKey: Bytes;
	checkpoints: readonly Signed[];
}): Promise<Map<string, number>> {
	const { recording, recorderKey, checkpoints } = options;
	const stated = new Map<string, number>();
	for (const signed of checkpoints) {
		const checkpoint = await openCheckpoint(signed, recorderKey);
		if (checkpoint?.recording !== recording) continue;
		for (const { track, part, segments } of checkpoint.parts) {
			const name = `${track}.${part}`;
			stated.set(name, Math.max(segments, stated.get(name) ?? 0));
		}
	}
	return stated;
}

/** Undefined for what the recorder did not sign: it proves nothing either way. */
async function openCheckpoint(signed: Signed, publicKey: Bytes): Promise<Checkpoint | undefined> {
	try {
		const context = 'sotto/checkpoint/v1';
		return await openSigned({ signed, publicKey, context, schema: Checkpoint });
	} catch (error) {
		if (error instanceof CryptoError) return undefined;
		throw error;
	}
}

/** The judgement over a recording that was ended as it should be: every part must be closed. */
export function judgeEnded(reports: readonly PartReport[]): Pick<Finished, 'verdict' | 'missing'> {
	if (reports.some(({ verdict }) => verdict === 'altered'))
		return { verdict: 'altered', missing: alteredGaps(reports) };
	const whole = reports.every(({ verdict }) => verdict === 'complete');
	return { verdict: whole ? 'complete' : 'ends-early', missing: [] };
}

/**
 * The judgement over a recording that ended unexpectedly. `aliveMs` is the last time, in milliseconds of the recording, that
 * the recorder was heard of: from the last intact packet until then something is missing. Fewer segments than it signed for
 * were taken away afterwards.
 */
export function judgeRecovered(options: {
	reports: readonly PartReport[];
	stated: ReadonlyMap<string, number>;
	aliveMs: number;
}): Pick<Finished, 'verdict' | 'missing'> {
	const { reports, stated, aliveMs } = options;
	const found = new Map(reports.map((one) => [`${one.track}.${one.part}`, one.segments]));
	const endMs = Math.max(0, ...reports.map(({ lastMs }) => lastMs ?? 0));
	const missing = alteredGaps(reports);
	// The end is a segment too, but not one that a reader counts.
	const ended = new Set(
		reports
			.filter(({ verdict }) => verdict === 'complete')
			.map((one) => `${one.track}.${one.part}`),
	);
	const shortened = Array.from(stated).some(
		([name, segments]) => segments > (found.get(name) ?? 0) + (ended.has(name) ? 1 : 0),
	);
	if (shortened) missing.push({ from: endMs, to: null, person: null, why: 'shortened' });
	if (aliveMs > endMs) missing.push({ from: endMs, to: aliveMs, person: null, why: 'stopped' });
	const altered = shortened || reports.some(({ verdict }) => verdict === 'altered');
	return { verdict: altered ? 'altered' : 'ends-early', missing };
}

function alteredGaps(reports: readonly PartReport[]): Missing[] {
	return reports
		.filter(({ verdict }) => verdict === 'altered')
		.map(({ lastMs }) => ({ from: lastMs ?? 0, to: null, person: null, why: 'altered' }));
}
