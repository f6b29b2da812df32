import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { fromHex, toHex } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { importTrackKey, toTrackKey } from '#crypto/track/key.ts';
import { readPart } from '#crypto/track/verdict.ts';
import { buildVectors } from '../vectors/strk-v1/build.ts';
import { type Case, Vectors } from '../vectors/strk-v1/vectors.ts';

const folder = `${import.meta.dirname}/../vectors/strk-v1`;
const vectors = v.parse(Vectors, JSON.parse(await readFile(`${folder}/vectors.json`, 'utf8')));

interface Judged {
	verdict: string;
	segments: number;
	media: string[];
}

async function judge(row: Case): Promise<Judged> {
	const media: string[] = [];
	let segments = 0;
	try {
		const verdict = await readPart({
			key: await importTrackKey(toTrackKey(fromHex(row.trackKey))),
			name: { recording: fromHex(row.recording), track: fromHex(row.track), part: row.part },
			source: [fromHex(row.bytes)],
			onSegment: ({ type, payload }) => {
				segments++;
				if (type === 'media') media.push(toHex(payload));
			},
		});
		expect(verdict.segments).toBe(segments);
		return { verdict: verdict.verdict, segments, media };
	} catch (error) {
		if (!(error instanceof CryptoError)) throw error;
		const verdict = error.code === 'open-failed' ? 'wrong-key' : 'refused';
		return { verdict, segments, media };
	}
}

test.each(vectors.cases)('STRK vector: $name', async (row) => {
	const { verdict, segments, media } = await judge(row);
	expect({ verdict, segments }).toEqual({ verdict: row.verdict, segments: row.segments });
	const written = vectors.payloads[row.name.startsWith('fixed') ? 'fixed' : 'free'];
	expect(media).toEqual(written.slice(0, verdict === 'complete' ? Infinity : media.length));
});

test('the published vectors are the ones that the code makes', async () => {
	expect(await buildVectors()).toEqual(vectors);
});

const python = spawnSync('python3', ['-c', 'import cryptography']).status === 0;

test.skipIf(!python)('read_strk.py judges them the same (needs python3 with cryptography)', () => {
	const { status, stdout } = spawnSync('python3', [`${folder}/read_strk.py`], { encoding: 'utf8' });
	expect(stdout).toBe(`${vectors.cases.length} cases, 0 differ\n`);
	expect(status).toBe(0);
});
