import { afterEach, expect, test, vi } from 'vitest';
import { random, toBase64url } from '#crypto/bytes.ts';
import { certifyRecorder, signAdmission } from '#crypto/group/group.ts';
import { SFrameSender } from '#crypto/sframe/sender.ts';
import { Membership } from '#lib/record/membership.ts';
import { FakeCall } from '../../fake/call.ts';
import { type FakePerson, clock } from '../../fake/person.ts';

afterEach(() => vi.useRealTimers());

/** A call with a recorder that is a member of its own. */
async function start() {
	const call = await FakeCall.create();
	const ann = await call.newcomer('Ann');
	const notice = await call.notice();
	await call.allConsent([call.host, ann], notice);
	const { session, hostKey, relay } = call.place;
	const membership = await Membership.create({ session, hostKey, clock });
	const key = membership.signing.publicKey;
	const host = call.host.signing;
	const { issued } = call;
	const admitted = await signAdmission({ host, session, key, name: 'Recorder', role: 'recorder' });
	call.issued = {
		...issued,
		admissions: [...issued.admissions, admitted],
		recorders: [await certifyRecorder({ host, session, key, kind: 'device' })],
	};
	const epoch = async (recorder: boolean): Promise<void> => {
		if (recorder) relay.post(key, await membership.packages(1));
		await ann.refill();
		await call.host.make(recorder ? [ann.key, key] : [ann.key], call.issued);
		await ann.sync();
		const { generation } = relay;
		const welcome = relay.after(generation - 1)[0]?.[1];
		if (recorder && welcome) await membership.welcome({ generation, welcome });
	};
	return { call, ann, membership, epoch };
}

async function sender(person: FakePerson): Promise<SFrameSender> {
	const { epoch } = person;
	if (!epoch) throw new Error('not in the call');
	const { generation, me } = epoch;
	return SFrameSender.create({ baseKey: await epoch.sframeBaseKey(), leaf: me.leaf, generation });
}

async function frame(from: SFrameSender) {
	return { mime: 'audio/opus', key: true, bytes: await from.seal(random(40)) };
}

test('who sealed a frame is said by its key', async () => {
	const { call, ann, membership, epoch } = await start();
	await epoch(true);
	for (const person of [ann, call.host]) {
		const opened = await membership.open(await frame(await sender(person)));
		expect(toBase64url(opened?.member.key ?? random(1))).toBe(toBase64url(person.key));
	}
});

test('out of the roster it holds no key, and back in it only the new one', async () => {
	const { ann, membership, epoch } = await start();
	await epoch(true);
	const before = await frame(await sender(ann));
	expect(await membership.open(before)).toBeDefined();
	await epoch(false);
	membership.left(2);
	const outside = await frame(await sender(ann));
	expect(membership.epoch).toBeUndefined();
	expect(await membership.open(before)).toBeUndefined();
	expect(await membership.open(outside)).toBeUndefined();
	await epoch(true);
	expect(await membership.open(await frame(await sender(ann)))).toBeDefined();
	expect(await membership.open(before)).toBeUndefined();
	expect(await membership.open(outside)).toBeUndefined();
});

test('keys of the epoch before are kept for 5 s and not longer', async () => {
	vi.useFakeTimers({ toFake: ['setTimeout'] });
	const { ann, membership, epoch } = await start();
	await epoch(true);
	const old = await sender(ann);
	await epoch(true);
	vi.advanceTimersByTime(4900);
	expect(await membership.open(await frame(old))).toBeDefined();
	vi.advanceTimersByTime(200);
	expect(await membership.open(await frame(old))).toBeUndefined();
	expect(await membership.open(await frame(await sender(ann)))).toBeDefined();
});

test('what is no frame of these keys is refused, and so is every other codec', async () => {
	const { ann, membership, epoch } = await start();
	await epoch(true);
	const good = await frame(await sender(ann));
	good.bytes[good.bytes.length - 1] = (good.bytes.at(-1) ?? 0) ^ 1;
	await expect(membership.open(good)).rejects.toThrow('open-failed');
	await expect(membership.open({ ...good, mime: 'video/H264' })).rejects.toThrow('open-failed');
});
