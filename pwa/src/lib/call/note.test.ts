import { expect, test } from 'vitest';
import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { generateParticipantIdentity } from '#crypto/identity/identity.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { envelopeText } from './messages.ts';
import { openNote, sealNote } from './note.ts';

const id = (): string => toBase64url(random(16));
const at = 1_790_000_000_000;

async function sealed() {
	const [host, identity] = [await generateSigningKey(), await generateParticipantIdentity()];
	const where = { session: id(), seat: id() };
	const to = identity.publicIdentity.x25519;
	const body = await sealNote({ ...where, host, to, text: 'Five minutes late', at });
	return { host, identity, ...where, hostKey: host.publicKey, to, body };
}

test('a note is read by the person it was sealed to', async () => {
	const note = await openNote(await sealed());
	expect(note?.text).toBe('Five minutes late');
	expect(note?.at).toBe(at);
});

test('a note by somebody else, for somebody else or altered is refused', async () => {
	const made = await sealed();
	const stranger = await generateSigningKey();
	const forged = await sealNote({ ...made, host: stranger, text: 'Go away', at });
	const altered = fromBase64url(made.body);
	altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
	for (const wrong of [
		{ ...made, body: forged },
		{ ...made, identity: await generateParticipantIdentity() },
		{ ...made, seat: id() },
		{ ...made, session: id() },
		{ ...made, body: toBase64url(altered) },
	])
		await expect(openNote(wrong)).rejects.toThrow(/^(?:bad-signature|open-failed)$/);
});

test('a message of the group is no note', async () => {
	const made = await sealed();
	const body = envelopeText({ generation: 3, sealed: random(40) });
	expect(await openNote({ ...made, body })).toBeUndefined();
});

test('a longer note is as long as a short one to whoever carries it', async () => {
	const made = await sealed();
	const longer = await sealNote({ ...made, text: 'x'.repeat(400), at });
	expect(longer).toHaveLength(made.body.length);
});
