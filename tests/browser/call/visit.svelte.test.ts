import { flushSync } from 'svelte';
import { afterEach, expect, test, vi } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import { verifyReceipt } from '#crypto/consent/consent.ts';
import { createStaffIdentity } from '#crypto/identity/identity.ts';
import { Visit } from '#lib/call/guest.svelte.ts';
import { sealNote } from '#lib/call/note.ts';
import AgreeNow from '#lib/call/ui/AgreeNow.svelte';
import GuestRoom from '#lib/call/ui/GuestRoom.svelte';
import { companyOf } from '#lib/call/view.ts';
import { serverOfOnePlace } from './server.ts';

// A participant in her waiting room, from her link to what the host reads of her.
const visits: Visit[] = [];
afterEach(() => {
	for (const visit of visits.splice(0)) visit.close();
	vi.unstubAllGlobals();
});

async function arrive(server: Awaited<ReturnType<typeof serverOfOnePlace>>): Promise<Visit> {
	const visit = new Visit(server.place);
	visits.push(visit);
	await visit.open(server.fragment);
	return visit;
}

const knocked = (server: { knocks: readonly unknown[] }, times: number) =>
	expect.poll(() => server.knocks.length, { timeout: 10_000 }).toBe(times);

test('an answer that is changed in the waiting room is a withdrawal at once, before another one is given', async () => {
	const server = await serverOfOnePlace();
	const visit = await arrive(server);
	await visit.answer(true);
	await knocked(server, 1);
	expect(server.knocks[0]?.receipt?.type).toBe('consent');
	await visit.changeAnswer();
	await knocked(server, 2);
	expect(server.knocks[1]?.text.agreed).toBe(null);
	expect(server.knocks[1]?.receipt?.type).toBe('withdrawal');
	const [before, after] = server.knocks.map(({ receipt }) => receipt?.n ?? 0);
	expect(after).toBeGreaterThan(before ?? 0);
	// And a consent again, if that is her answer in the end.
	await visit.answer(true);
	await knocked(server, 3);
	expect(server.knocks[2]?.receipt?.type).toBe('consent');
});

test('what to do in an emergency stands in the waiting room, in the words of the practice', async () => {
	const server = await serverOfOnePlace();
	await render(GuestRoom, { visit: await arrive(server) });
	await expect.element(page.getByText('In an emergency')).toBeVisible();
	await expect.element(page.getByText(server.about.emergency)).toBeVisible();
});

test('for whom besides herself she agrees stands in the receipt that she signs', async () => {
	const server = await serverOfOnePlace();
	const visit = await arrive(server);
	await render(GuestRoom, { visit });
	await page.getByRole('checkbox', { name: 'Others are with me' }).click();
	await page.getByRole('checkbox', { name: /^A child or a person in my care/ }).click();
	await page.getByRole('textbox', { name: 'Their name' }).fill('Mia Becker');
	await page.getByRole('button', { name: 'I agree, and so does everyone with me' }).click();
	await knocked(server, 1);
	const receipt = server.knocks[0]?.receipt;
	expect(receipt && companyOf(receipt)).toEqual({ together: true, guardianOf: 'Mia Becker' });
	await expect.element(page.getByText('You said that everyone with you agrees too.')).toBeVisible();
	await expect.element(page.getByText('You agreed for Mia Becker too.')).toBeVisible();
	// The name goes to the host alone.
	expect(server.sent.join()).not.toContain('Mia');
});

test('who did not agree can agree in the call, and the signed consent goes to everybody', async () => {
	const server = await serverOfOnePlace();
	const visit = await arrive(server);
	await visit.answer(false);
	await knocked(server, 1);
	const { call } = visit;
	if (!call) throw new Error('no call');
	const told = vi.spyOn(call.links, 'sendAll').mockResolvedValue();
	await render(AgreeNow, { visit });
	const agree = page.getByRole('button', { name: 'I agree to be recorded' });
	const decline = page.getByRole('button', { name: 'I do not agree' });
	await page.getByText('Change my answer').click();
	expect(decline.element().className).toBe(agree.element().className);
	await decline.click();
	await expect.element(decline).not.toBeInTheDocument();
	expect(told).not.toHaveBeenCalled();
	await page.getByText('Change my answer').click();
	await agree.click();
	await expect.poll(() => told.mock.calls.length).toBe(1);
	const message = told.mock.calls[0]?.[0];
	if (message?.type !== 'receipt') throw new Error('no receipt was sent');
	const { type, session, subject } = await verifyReceipt(message.receipt);
	expect([type, session]).toEqual(['consent', server.session]);
	expect(call.options.knowledge.receipts.latest(subject)?.type).toBe('consent');
	expect(visit.agreed).toBe(true);
	await expect.element(page.getByText('Change my answer')).not.toBeInTheDocument();
	// No new knock: that would be a knock of somebody who is in the call.
	expect(server.knocks).toHaveLength(1);
	await expect.poll(() => server.sent.join()).toContain('"act":"consented"');
});

test('what the host writes is read while one waits, once, and only when the host wrote it', async () => {
	const server = await serverOfOnePlace();
	const visit = await arrive(server);
	await render(GuestRoom, { visit });
	await visit.answer(false);
	await knocked(server, 1);
	const to = server.knocks[0]?.reply;
	if (!to) throw new Error('no key to reply to');
	const { session, seat, identity } = server;
	const at = Date.now();
	const note = { host: identity.signing, to, session, seat, text: 'Five more minutes', at };
	const body = await sealNote(note);
	const words = page.getByRole('log', { name: 'Words from Dr. Maya Okafor' });
	const forged = await sealNote({
		...note,
		host: (await createStaffIdentity()).identity.signing,
		text: 'Call this number',
	});
	for (const [n, one] of [forged, body, body].entries())
		server.say({ type: 'relay', n, from: seat, body: one });
	await expect.element(words.getByText('Five more minutes')).toBeVisible();
	expect(words.element().querySelectorAll('.note')).toHaveLength(1);
});

test('a bell rings once when she who waited is let in', async () => {
	const server = await serverOfOnePlace();
	const visit = await arrive(server);
	await visit.answer(false);
	const { call } = visit;
	if (!call) throw new Error('no call');
	await expect.poll(() => call.phase).toBe('waiting');
	flushSync();
	const tone = vi.spyOn(AudioContext.prototype, 'createOscillator');
	for (const phase of ['in-call', 'waiting', 'in-call'] as const) {
		call.phase = phase;
		flushSync();
		expect(tone).toHaveBeenCalledTimes(1);
	}
	tone.mockRestore();
});
