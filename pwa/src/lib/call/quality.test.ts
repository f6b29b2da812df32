import { expect, test } from 'vitest';
import { type Sample, loudness, qualityOf, sampleOf } from './quality.ts';

const start: Sample = { at: 0, energy: 0, sounded: 0, received: 0, lost: 0, roundTrip: 30 };
const after = (changes: Partial<Sample>): Sample => ({ ...start, at: 5000, ...changes });

test('a report gives sound, packets of both kinds and the way there and back', () => {
	const sample = sampleOf(
		new Map<string, object>([
			[
				'a',
				{
					type: 'inbound-rtp',
					kind: 'audio',
					packetsReceived: 100,
					packetsLost: 2,
					totalAudioEnergy: 0.5,
					totalSamplesDuration: 2,
				},
			],
			['v', { type: 'inbound-rtp', kind: 'video', packetsReceived: 400, packetsLost: -1 }],
			['p', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.08 }],
			['q', { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 }],
			['o', { type: 'outbound-rtp', packetsReceived: 7 }],
		]),
		12,
	);
	expect(sample).toEqual({
		at: 12,
		energy: 0.5,
		sounded: 2,
		received: 500,
		lost: 2,
		roundTrip: 80,
	});
});

test('loudness is of the time between two samples', () => {
	expect(loudness(start, after({ energy: 0.04, sounded: 1 }))).toBeCloseTo(0.2);
	expect(loudness(start, start)).toBe(0);
	// A new connection counts from the beginning.
	expect(loudness(after({ energy: 3, sounded: 9 }), start)).toBe(0);
});

test('a line is weak by what it loses or by how long it takes', () => {
	expect(qualityOf(start, after({ received: 1000, lost: 10 }))).toBe('good');
	expect(qualityOf(start, after({ received: 900, lost: 100 }))).toBe('weak');
	expect(qualityOf(start, after({ received: 800, lost: 200 }))).toBe('poor');
	expect(qualityOf(start, after({ received: 1000, roundTrip: 500 }))).toBe('weak');
	expect(qualityOf(start, after({ received: 1000, roundTrip: 1200 }))).toBe('poor');
});

test('three packets say nothing', () => {
	expect(qualityOf(start, after({ received: 1, lost: 2 }))).toBe('good');
});
