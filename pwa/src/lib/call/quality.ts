import type { Quality } from './view.ts';

/** What a connection has carried since it began, as far as it says so. */
export interface Sample {
	/** Milliseconds. */
	readonly at: number;
	/** Sum of the squared loudness of the sound, times its seconds. */
	readonly energy: number;
	/** Seconds of sound. */
	readonly sounded: number;
	readonly received: number;
	readonly lost: number;
	/** Milliseconds there and back. */
	readonly roundTrip: number;
}

const weak = { lost: 0.04, roundTrip: 400 };
const poor = { lost: 0.12, roundTrip: 900 };
/** Fewer packets than this say nothing about how many are lost. */
const packetsLeast = 20;

const number = (report: object, name: string): number => {
	const value: unknown = Reflect.get(report, name);
	return typeof value === 'number' && Number.isFinite(value) ? value : 0;
};

/** Reads a report of the browser; what a browser does not tell counts as nothing. */
export function sampleOf(report: Iterable<readonly [string, object]>, at: number): Sample {
	const sample = { at, energy: 0, sounded: 0, received: 0, lost: 0, roundTrip: 0 };
	for (const [, one] of report) {
		const type: unknown = Reflect.get(one, 'type');
		if (type === 'inbound-rtp') {
			sample.received += number(one, 'packetsReceived');
			sample.lost += Math.max(0, number(one, 'packetsLost'));
			if (Reflect.get(one, 'kind') === 'audio') {
				sample.energy += number(one, 'totalAudioEnergy');
				sample.sounded += number(one, 'totalSamplesDuration');
			}
		} else if (type === 'candidate-pair' && Reflect.get(one, 'nominated') === true)
			sample.roundTrip = Math.max(sample.roundTrip, number(one, 'currentRoundTripTime') * 1000);
	}
	return sample;
}

/** How loud it was between two samples, 0 to 1. */
export function loudness(before: Sample, after: Sample): number {
	const seconds = after.sounded - before.sounded;
	const energy = after.energy - before.energy;
	return seconds > 0 && energy > 0 ? Math.sqrt(energy / seconds) : 0;
}

/** How well it went between two samples, a few seconds apart. */
export function qualityOf(before: Sample, after: Sample): Quality {
	const lost = Math.max(0, after.lost - before.lost);
	const all = lost + Math.max(0, after.received - before.received);
	const share = all >= packetsLeast ? lost / all : 0;
	const worse = (than: typeof weak): boolean =>
		share > than.lost || after.roundTrip > than.roundTrip;
	return worse(poor) ? 'poor' : worse(weak) ? 'weak' : 'good';
}
