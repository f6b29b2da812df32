import { expect, test, vi } from 'vitest';
import { contact, hour, move, notice, plan, setContacts } from '../invited.ts';
import { posting } from '../practices.ts';
import { textOf } from '../post.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const here = posting();

/** Sends every kind of message by both ways, to one session or to two at once. */
async function sendAll(options: { recorded: boolean; several: boolean }) {
	const about = { notice: options.recorded ? notice : null };
	const made = [await plan(here.local, about)];
	if (options.several) made.push(await plan(here.local, about));
	const { maya, server, clock } = here.local;
	const later = async () => {
		await server.context.post.run();
		clock.forward(6000);
		await server.context.post.run();
	};
	const reached = { mobile: '+15550147731', remindBefore: [60] };
	await maya.call('PUT', '/api/contacts', {
		sessions: made.map(({ id, place }) => ({ id, contacts: [contact(place, reached)] })),
	});
	await later();
	for (const { id, startsAt } of made) await move(here.local, id, startsAt + hour);
	await later();
	for (const { id, place } of made)
		await maya.call('POST', `/api/sessions/${id}/places/${place}/remind`);
	await later();
	for (const { id } of made) await maya.call('POST', `/api/sessions/${id}/cancel`);
	await later();
	return made;
}

/** Every byte that went out, also as its reader decodes it; the mail and the text messages one by one. */
function wentOut(): { words: string; bytes: string }[] {
	const mails = here.mailbox.received.map(({ raw, mail }) => {
		const files = mail.attachments.map(({ content }) => textOf(content));
		const words = mail.text ?? '';
		return { words, bytes: [raw.toString('latin1'), words, ...files].join('\n') };
	});
	const texts = here.gateway.received.map(({ path, query, body }) => {
		const words = query.get('text') ?? '';
		return { words, bytes: [path, `${query}`, body, words].join('\n') };
	});
	return [...mails, ...texts];
}

const facts = [notice.practice, notice.host, notice.purpose, notice.openers, 'January 31, 2028'];

test.each([
	{ recorded: true, several: false, messages: 8 },
	{ recorded: false, several: false, messages: 8 },
	{ recorded: true, several: true, messages: 10 },
	{ recorded: false, several: true, messages: 10 },
])(
	'every kind by mail and by text, recorded: $recorded, series: $several: the notice is there, no secret is',
	async ({ recorded, several, messages }) => {
		const made = await sendAll({ recorded, several });
		const all = wentOut();
		expect(all).toHaveLength(messages);
		const sealed = made.flatMap((one) => one.sealed);
		const sessions = await here.local.server.context.store
			.selectFrom('sessions')
			.selectAll()
			.execute();
		const members = await here.local.server.context.store
			.selectFrom('members')
			.selectAll()
			.execute();
		const secrets = [
			...sealed,
			...sessions.map((row) => row.sealed),
			...members.flatMap(({ account, opaque_record: record }) => [account, record]),
		];
		for (const { words, bytes } of all) {
			for (const fact of facts)
				expect(words.includes(fact)).toBe(
					recorded || fact === notice.host || fact === notice.practice,
				);
			expect(/record/i.test(words)).toBe(recorded);
			expect(bytes).not.toMatch(/\/j\/[\w-]+(?:#|%23)/);
			for (const secret of secrets)
				for (let at = 0; at + 24 <= secret.length; at += 24)
					expect(bytes).not.toContain(secret.slice(at, at + 24));
		}
	},
);

test('nobody learns from a message who else was invited', async () => {
	const { id, places } = await plan(here.local, { places: 2, notice });
	await setContacts(
		here.local,
		id,
		places.map((place, at) => contact(place, { email: `person${at}@patients.example` })),
	);
	await here.local.server.context.post.run();
	expect(here.mailbox.received).toHaveLength(2);
	for (const { raw, to } of here.mailbox.received) {
		const own = to[0] === 'person0@patients.example' ? 0 : 1;
		const decoded = Buffer.from(raw).toString('latin1');
		expect(decoded).not.toContain(`person${1 - own}`);
		expect(decoded).not.toContain(places[1 - own]);
	}
});
