import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bytes, random, toBase64url } from '#crypto/bytes.ts';
import { decodeLinkFragment, encodeLinkFragment } from './fragment.ts';
import {
	createLinkSecret,
	hostAnswer,
	linkProof,
	toLinkSecret,
	verifyHostAnswer,
	verifyLinkProof,
} from './proof.ts';

const id = () => toBase64url(random(16));
const flipped = (bytes: Bytes): Bytes => bytes.map((byte, at) => (at === 7 ? byte ^ 16 : byte));

test('a proof holds for its own secret, session, place and key package only', async () => {
	const claim = { secret: createLinkSecret(), session: id(), place: id(), keyPackage: random(281) };
	const proof = await linkProof(claim);
	expect(proof.length).toBe(32);
	expect(await verifyLinkProof(claim, proof)).toBe(true);
	const changes = [
		{ secret: createLinkSecret() },
		{ session: id() },
		{ place: id() },
		{ session: claim.place, place: claim.session },
		{ keyPackage: flipped(claim.keyPackage) },
		{ keyPackage: claim.keyPackage.slice(1) },
	];
	for (const change of changes)
		expect(await verifyLinkProof({ ...claim, ...change }, proof)).toBe(false);
	const moved = { session: claim.session + claim.place.slice(0, 3), place: claim.place.slice(3) };
	expect(await verifyLinkProof({ ...claim, ...moved }, proof)).toBe(false);
	for (const bad of [flipped(proof), proof.slice(0, 31), new Uint8Array()])
		expect(await verifyLinkProof(claim, bad)).toBe(false);
});

test('an answer holds for its own two keys, in their roles, only', async () => {
	const claim = { secret: createLinkSecret(), hostKey: random(32), participantKey: random(32) };
	const answer = await hostAnswer(claim);
	expect(await verifyHostAnswer(claim, answer)).toBe(true);
	const { hostKey, participantKey } = claim;
	const changes = [
		{ secret: createLinkSecret() },
		{ hostKey: participantKey, participantKey: hostKey },
		{ hostKey: random(32) },
		{ participantKey: random(32) },
	];
	for (const change of changes)
		expect(await verifyHostAnswer({ ...claim, ...change }, answer)).toBe(false);
	expect(await verifyHostAnswer(claim, flipped(answer))).toBe(false);
	await expect(hostAnswer({ ...claim, hostKey: random(31) })).rejects.toThrow(TypeError);
});

test('a link carries its secret and the host in 67 characters', () => {
	fc.assert(
		fc.property(fc.constant(null), () => {
			const fragment = { secret: createLinkSecret(), hostFingerprint: random(32) };
			const text = encodeLinkFragment(fragment);
			expect(text).toMatch(/^#[A-Za-z0-9_-]{66}$/);
			expect(decodeLinkFragment(text)).toEqual(fragment);
			expect(decodeLinkFragment(text.slice(1))).toEqual(fragment);
		}),
	);
	const secret = createLinkSecret();
	expect(() => encodeLinkFragment({ secret, hostFingerprint: random(16) })).toThrow(TypeError);
	expect(() => toLinkSecret(random(15))).toThrow('bad-key');
});

test('what is no fragment of ours is refused', () => {
	const secret = createLinkSecret();
	const good = encodeLinkFragment({ secret, hostFingerprint: random(32) });
	const version2 = `#Ag${good.slice(3)}`;
	const encoded = encodeURIComponent(good);
	for (const bad of ['', '#', '##', good.slice(0, -1), `${good}A`, `#${good}`, version2, encoded])
		expect(() => decodeLinkFragment(bad)).toThrow('bad-encoding');
	fc.assert(
		fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
			expect(() => decodeLinkFragment(text)).toThrow('bad-encoding');
		}),
	);
});
