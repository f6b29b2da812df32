import { expect, test } from 'vitest';
import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { createStaffIdentity, generateParticipantIdentity } from '#crypto/identity/identity.ts';
import { signJson } from '#crypto/identity/signed.ts';
import {
	answerContext,
	askerIn,
	askerOf,
	isAskedBy,
	readAll,
	sealAnswer,
} from '#lib/requests/answer.ts';
import { openText } from '#lib/schedule/sealed.ts';

const newId = () => toBase64url(random(16));

/** A request as a participant's browser signs it, and as the server shows it. */
async function asked() {
	const identity = await generateParticipantIdentity();
	const about = { id: newId(), session: newId(), place: newId(), kind: 'copy' as const };
	const { ed25519, x25519 } = identity.publicIdentity;
	const keys = { subject: toBase64url(ed25519), box: toBase64url(x25519) };
	const value = { v: 1, ...about, ...keys, at: 1_800_000_000_000 };
	const key = identity.signing;
	const request = await signJson({ key, context: 'sotto/request/v1', value });
	return { identity, about, value, task: { ...about, request } };
}

test('a request is believed with its own signature and as it was asked, and not otherwise', async () => {
	const { identity, value, task } = await asked();
	const asker = await askerOf(task);
	expect(asker).toEqual({ key: identity.signing.publicKey, box: identity.publicIdentity });
	for (const change of [
		{ id: newId() },
		{ session: newId() },
		{ place: newId() },
		{ kind: 'delete' as const },
	])
		await expect(askerOf({ ...task, ...change })).rejects.toThrow('bad-signature');
	const altered = { ...task.request, text: task.request.text.replace('copy', 'stop') };
	await expect(askerOf({ ...task, kind: 'stop', request: altered })).rejects.toThrow(
		'bad-signature',
	);
	const stranger = await generateParticipantIdentity();
	const key = stranger.signing;
	const forged = await signJson({ key, context: 'sotto/request/v1', value });
	await expect(askerOf({ ...task, request: forged })).rejects.toThrow('bad-signature');
	// What came by letter nobody signed.
	expect(await askerOf({ ...task, request: null })).toBeUndefined();
	// A wish to delete that was said in the call has no box, so no words can be sealed for her.
	const { session, subject } = value;
	const wish = await signJson({
		key: identity.signing,
		context: 'sotto/deletion-request/v1',
		value: { v: 1, session, subject, at: 1 },
	});
	const said = { ...task, kind: 'delete' as const, request: wish };
	expect(await askerOf(said)).toEqual({ key: identity.signing.publicKey, box: undefined });
	await expect(askerOf({ ...said, session: newId() })).rejects.toThrow('bad-encoding');
});

test('the practice is told whose key in the recording asks, and that it is nobody’s', async () => {
	const { identity, task } = await asked();
	const asker = await askerOf(task);
	const stranger = await generateParticipantIdentity();
	const people = [
		{ name: 'Dr. Maya Okafor', key: toBase64url(random(32)) },
		{ name: 'Dana Whitfield', key: toBase64url(identity.signing.publicKey) },
	];
	expect(askerIn(people, asker?.key)).toBe('Dana Whitfield');
	expect(askerIn(people, stranger.signing.publicKey)).toBeUndefined();
	expect(askerIn(people, undefined)).toBeUndefined();
});

test('the words of an answer open for whoever asked and for the practice, and for nobody else', async () => {
	const { identity, about, task } = await asked();
	const { identity: practice } = await createStaffIdentity();
	const asker = await askerOf(task);
	if (!asker?.box) throw new Error('no box');
	const text = 'It is in the post since Tuesday.';
	const own = practice.publicIdentity;
	const words = await sealAnswer({ request: about.id, to: asker.box, own, text });
	expect(Buffer.from(words, 'base64url').includes('Tuesday')).toBe(false);
	const row = {
		...about,
		state: 'done' as const,
		madeAt: 1,
		dueAt: 2,
		extension: null,
		closedAt: 3,
		reason: null,
		words,
	};
	const [mine] = await readAll([row], identity);
	expect(mine?.said).toBe(text);
	const [theirs] = await readAll([row], await generateParticipantIdentity());
	expect(theirs?.said).toBeUndefined();
	// Words of another request in its place are nobody's.
	const [moved] = await readAll([{ ...row, id: newId() }], identity);
	expect(moved?.said).toBeUndefined();
	const context = answerContext(about.id);
	const sealed = fromBase64url(words);
	expect(await openText({ openers: [practice], context, sealed })).toBe(text);
});

test('with a destroyed track only what that very person asked is done', async () => {
	const { identity } = await asked();
	const { ed25519 } = identity.publicIdentity;
	const recording = newId();
	const about = { recording, key: toBase64url(ed25519) };
	const task = {
		state: 'open' as const,
		kind: 'delete' as const,
		recordings: [recording],
		key: ed25519,
	};
	expect(isAskedBy(task, about)).toBe(true);
	for (const other of [
		{ key: random(32) },
		{ key: undefined },
		{ kind: 'copy' as const },
		{ state: 'done' as const },
		{ recordings: [newId()] },
	])
		expect(isAskedBy({ ...task, ...other }, about)).toBe(false);
});
