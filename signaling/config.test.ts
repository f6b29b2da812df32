import { expect, test } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

test('everything has a default', () => {
	expect(readConfig({})).toMatchObject({
		port: 8787,
		host: '127.0.0.1',
		origins: undefined,
		extensions: [expect.stringMatching(/^[a-p]{32}$/)],
		stunUrl: undefined,
		turn: undefined,
		logLevel: 'info',
		idleMs: 15 * 60_000,
		proxies: 0,
		clockOffsetMs: 0,
	});
	expect(readConfig({ PORT: '', IDLE_MINUTES: '' })).toEqual(readConfig({}));
});

test('values that are taken', () => {
	const config = readConfig({
		PORT: '0',
		ORIGINS: `https://visit.example.org, chrome-extension://${'a'.repeat(32)}`,
		TURN_URL: 'turns:turn.example.org',
		TURN_SECRET: 'long enough',
		IDLE_MINUTES: '0.5',
		CLOCK_OFFSET_MS: '-5000',
	});
	expect(config.origins).toEqual([
		'https://visit.example.org',
		`chrome-extension://${'a'.repeat(32)}`,
	]);
	expect(config).toMatchObject({ port: 0, idleMs: 30_000, clockOffsetMs: -5000 });
	expect(config.turn).toEqual({ url: 'turns:turn.example.org', secret: 'long enough' });
});

test.each([
	['PORT', 'abc'],
	['PORT', '65536'],
	['PORT', '-1'],
	['PORT', '80.5'],
	['HOST', 'a b'],
	['ORIGINS', 'https://visit.example.org/path'],
	['ORIGINS', '*'],
	['ORIGINS', 'chrome-extension://short'],
	['STUN_URL', 'http://stun.example.org'],
	['EXTENSION_IDS', 'short'],
	['TURN_URL', 'stun:turn.example.org'],
	['TURN_SECRET', 'short'],
	['LOG_LEVEL', 'loud'],
	['IDLE_MINUTES', '0'],
	['IDLE_MINUTES', '481'],
	['IDLE_MINUTES', 'long'],
	['TRUST_PROXY', '5'],
	['RESERVE_MB', '-1'],
	['CLOCK_OFFSET_MS', '1.5'],
])('%s=%s is refused with a sentence that names it', (name, value) => {
	const read = () => readConfig({ [name]: value });
	expect(read).toThrow(ConfigError);
	expect(read).toThrow(new RegExp(`^${name} must .*\\.$`, 'm'));
});

test('a TURN server without its secret is refused', () => {
	expect(() => readConfig({ TURN_URL: 'turn:a' })).toThrow('together');
	expect(() => readConfig({ TURN_SECRET: 'long enough' })).toThrow('together');
});
