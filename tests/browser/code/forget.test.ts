import { expect, test } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { forgetDevice, newDeviceKey, newDeviceSecret, writeDevice } from '#lib/account/device.ts';
import { browserShelf } from '#lib/code/shelf.ts';
import type { StoredCode } from '#lib/code/stored.ts';

const id = () => toBase64url(random(16));
const [maya, tom, place] = [id(), id(), id()];
const codeOf = (member: string): StoredCode => ({
	member,
	place,
	session: id(),
	nameplate: '123',
	sealed: 'AAAA',
	nonce: id(),
	until: 1,
	answered: 0,
	nonces: [],
	busyUntil: 0,
	used: false,
});

test('who signs out leaves nothing of her access codes, and of others what they have', async () => {
	for (const member of [maya, tom]) {
		const shelf = browserShelf(member);
		await shelf.change(place, () => codeOf(member));
		await shelf.confirm(place, 'key');
		expect(await shelf.all()).toHaveLength(1);
	}
	await writeDevice({
		id: 'this',
		device: id(),
		member: maya,
		email: 'maya@example.org',
		signing: await newDeviceKey(),
		secret: newDeviceSecret(),
		serverKey: 'AAAA',
		memberList: { text: '{}', signature: toBase64url(random(64)) },
	});
	await forgetDevice();
	const [hers, his] = [browserShelf(maya), browserShelf(tom)];
	expect([await hers.all(), await hers.confirmed(place)]).toEqual([[], []]);
	expect([(await his.all()).length, await his.confirmed(place)]).toEqual([1, ['key']]);
});
