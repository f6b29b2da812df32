import { type Bytes, fromBase64url } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type PartVerdict, readSegments } from '#crypto/track/verdict.ts';
import type { ObjectName } from './api.ts';
import { Demuxer } from './demux.ts';
import {
	type FilePlan,
	type FileFormat,
	pictureTrack,
	planFile,
	soundTrack,
	writeFile,
} from './file.ts';
import { merge } from './merge.ts';
import type { PersonTracks } from './tracks.ts';
import type { Packet } from './webm.ts';

/** Where the live parts of a recording are read from: this device or the server. */
export interface LiveParts {
	/** Numbers of the parts of a track, ascending. */
	parts(track: string): number[];
	/** All bytes of a part, in pieces. May be called again. */
	read(name: ObjectName): AsyncIterable<Uint8Array>;
}

/** What reading one part came to. */
export interface PartReport extends ObjectName {
	readonly verdict: PartVerdict['verdict'];
	/** Intact segments, the end not counted. */
	readonly segments: number;
	/** Time of its last intact packet, milliseconds of the recording; null without any. */
	readonly lastMs: number | null;
}

const damaged: ReadonlySet<string> = new Set(['open-failed', 'bad-header', 'unknown-version']);

interface Reading {
	readonly recording: string;
	readonly key: CryptoKey;
	readonly source: LiveParts;
	readonly track: string;
	/** Number of the track in the file. */
	readonly number: number;
	readonly onPart: (report: PartReport) => void;
	readonly onFormat: (format: FileFormat) => void;
}

async function* packetsOfPart(reading: Reading, part: number): AsyncGenerator<Packet> {
	const { recording, track, key, source, number, onPart, onFormat } = reading;
	const demuxer = new Demuxer();
	const name = { recording: fromBase64url(recording), track: fromBase64url(track), part };
	const segments = readSegments({ key, name, source: source.read({ track, part }) });
	let lastMs: number | null = null;
	let read = 0;
	let verdict: PartVerdict['verdict'] = 'ends-early';
	try {
		for (;;) {
			const next = await segments.next();
			if (next.done) {
				verdict = next.value.verdict;
				break;
			}
			read++;
			if (next.value.type !== 'media') continue;
			for (const packet of demuxer.push(next.value.payload)) {
				lastMs = packet.timeMs;
				yield { ...packet, track: number };
			}
		}
	} catch (error) {
		// Less than a header: the recorder stopped in that very moment.
		const cut = error instanceof CryptoError && error.code === 'truncated';
		if (!cut && !(error instanceof CryptoError && damaged.has(error.code))) throw error;
		verdict = cut ? 'ends-early' : 'altered';
	}
	if (demuxer.track) onFormat(demuxer.track);
	onPart({ track, part, verdict, segments: read, lastMs });
}

async function* packetsOf(reading: Reading): AsyncGenerator<Packet> {
	for (const part of reading.source.parts(reading.track)) yield* packetsOfPart(reading, part);
}

/** One person's finished file, measured; `write` reads the same packets again. */
export interface JoinedPerson {
	readonly plan: FilePlan;
	readonly format: FileFormat;
	readonly codecs: string[];
	readonly reports: readonly PartReport[];
	write(): AsyncGenerator<Bytes>;
}

/** Joins what there is of a person's sound and picture. `plan` is null when there is no packet at all. */
export async function joinPerson(options: {
	recording: string;
	person: PersonTracks;
	source: LiveParts;
}): Promise<JoinedPerson | { plan: null; reports: readonly PartReport[] }> {
	const { recording, person, source } = options;
	const reports: PartReport[] = [];
	let format: FileFormat = { codec: 'opus', width: 0, height: 0 };
	const packets = (measure: boolean): AsyncGenerator<Packet> => {
		const common = {
			recording,
			key: person.key,
			source,
			onPart: (report: PartReport): void => void (measure && reports.push(report)),
			onFormat: (found: FileFormat): void => {
				if (measure && found.codec !== 'opus' && format.codec === 'opus') format = found;
			},
		};
		return merge([
			packetsOf({ ...common, track: person.video, number: pictureTrack }),
			packetsOf({ ...common, track: person.audio, number: soundTrack }),
		]);
	};
	const plan = await planFile(packets(true));
	if (!plan) return { plan: null, reports };
	const codecs = [...(plan.picture ? [format.codec] : []), ...(plan.sound ? ['opus'] : [])];
	const write = () => writeFile({ plan, format, packets: packets(false) });
	return { plan, format, codecs, reports, write };
}
