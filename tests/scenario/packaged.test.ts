import { expect, test } from 'vitest';
import testKey from '../../extension/test-key.json' with { type: 'json' };
import { localServer } from '../local.ts';

const own = `chrome-extension://${testKey.id}`;
const other = `chrome-extension://${'a'.repeat(32)}`;
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const headers = ['authorization', 'content-type', 'range'];

test('the app out of the package may ask all that the web app asks, and another extension nothing', async () => {
	const local = await localServer();
	const preflight = (origin: string) =>
		fetch(`${local.address}/api/config`, { method: 'OPTIONS', headers: { origin } });
	const allowed = await preflight(own);
	expect(allowed.status).toBe(204);
	expect(allowed.headers.get('access-control-allow-origin')).toBe(own);
	const words = (name: string) => (allowed.headers.get(name) ?? '').split(', ');
	expect(words('access-control-allow-methods')).toEqual(methods);
	expect(words('access-control-allow-headers')).toEqual(headers);
	const read = await fetch(`${local.address}/api/config`, { headers: { origin: own } });
	// What playback reads of an answer to a range.
	expect(read.headers.get('access-control-expose-headers')).toContain('content-range');
	expect(read.headers.get('access-control-allow-origin')).toBe(own);
	const refused = await preflight(other);
	expect(refused.headers.get('access-control-allow-origin')).toBeNull();
	expect(refused.status).toBe(403);
	const body = JSON.stringify({ device: 'A'.repeat(22) });
	const json = { 'content-type': 'application/json' };
	const asked = (origin: string) =>
		fetch(`${local.address}/api/device/challenge`, {
			method: 'POST',
			headers: { origin, ...json },
			body,
		});
	expect((await asked(other)).status).toBe(403);
	expect((await asked(own)).status).not.toBe(403);
	await local.stop();
});
