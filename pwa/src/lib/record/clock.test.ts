import { expect, test } from 'vitest';
import { SourceClock } from './clock.ts';

/** Frames of 20 ms; `delay` says how long frame `i` took, `skew` how much slower the sender's clock runs. */
function run(options: {
	frames: number;
	delay: (i: number) => number;
	skew?: number;
	start?: number;
}) {
	const { frames, delay, skew = 0, start = 0 } = options;
	const clock = new SourceClock(48_000);
	return Array.from({ length: frames }, (_, i) => {
		const sent = 1_000_000 + i * 20 * (1 + skew);
		const rtp = (start + i * 960) >>> 0;
		const at = clock.absolute(clock.take({ rtp, ref: sent + delay(i) }));
		return at - sent;
	});
}

test('time follows the frames that waited least, not the jitter', () => {
	const errors = run({ frames: 600, delay: (i) => (i % 7) * 9 }).slice(1);
	for (const error of errors) expect(Math.abs(error)).toBeLessThan(1e-6);
});

test('RTP time wraps without a jump', () => {
	const errors = run({ frames: 300, delay: () => 5, start: 2 ** 32 - 48_000 });
	for (const error of errors) expect(error).toBeCloseTo(5, 6);
});

test('a slow sender is followed within the window, smoothly', () => {
	// 300 ppm over 10 minutes are 180 ms.
	const errors = run({ frames: 30_000, delay: (i) => (i % 5) * 4, skew: 0.0003 });
	expect(Math.abs(errors.at(-1) ?? 1000)).toBeLessThan(8);
	errors
		.slice(1)
		.forEach((error, i) => expect(Math.abs(error - (errors[i] ?? 0))).toBeLessThan(0.51));
});

test('a sleep is one jump', () => {
	const errors = run({ frames: 900, delay: (i) => (i < 100 ? 0 : 60_000) });
	expect(errors[99]).toBeCloseTo(0, 6);
	expect(errors.at(-1)).toBeCloseTo(60_000, 6);
});

test('a frame that comes late keeps its place', () => {
	const clock = new SourceClock(90_000);
	const times = [0, 6000, 3000, 9000].map((rtp, i) =>
		clock.absolute(clock.take({ rtp, ref: 500 + i * 33 })),
	);
	const [first = 0, late = 0, , last = 0] = [times[0], times[2], 0, times[3]];
	expect(Math.abs(late - first - 33.3)).toBeLessThan(2);
	expect(Math.abs(last - first - 100)).toBeLessThan(2);
});
