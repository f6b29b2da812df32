import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { contact, day, hour, minute, move, pass, plan, setContacts } from '../invited.ts';
import { posting } from '../practices.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 60_000 });

const here = posting();

const addresses = ['one@patients.example', 'two@patients.example'] as const;
/** What somebody does to a session; an address = that is where its person is reached from now on. */
const Doing = fc.oneof(
	fc.constantFrom(...addresses, null).map((email) => ({ do: 'contact', email }) as const),
	fc.integer({ min: 1, max: 40 }).map((hours) => ({ do: 'move', hours }) as const),
	fc.constant({ do: 'wait' } as const),
);
/** When it happens: in peace, or while a mail is under way that the server then asks to be sent again. */
const Step = fc.record({ doing: Doing, meanwhile: fc.boolean() });

test('whatever happens while mail is retried: nothing twice, nobody called off who was never told, the last word is true', async () => {
	const run = () => here.local.server.context.post.run();
	await fc.assert(
		fc.asyncProperty(fc.array(Step, { minLength: 3, maxLength: 7 }), async (steps) => {
			here.mailbox.received.length = 0;
			await here.local.maya.unlock();
			const { id, place, startsAt } = await plan(here.local, {
				startsAt: here.local.clock.now() + 9 * day,
			});
			const now = { email: '' as string | null, startsAt };
			const act = async (doing: (typeof steps)[number]['doing']) => {
				if (doing.do === 'move') {
					now.startsAt = startsAt + doing.hours * hour;
					await move(here.local, id, now.startsAt);
				} else if (doing.do === 'contact') {
					now.email = doing.email;
					const { email } = doing;
					await setContacts(here.local, id, email === null ? [] : [contact(place, { email })]);
				}
			};
			for (const { doing, meanwhile } of [
				{ doing: { do: 'contact', email: addresses[0] } as const, meanwhile: false },
				...steps,
			]) {
				if (!meanwhile) await act(doing);
				else {
					let happened = false;
					here.mailbox.ontaken = async () => {
						here.mailbox.ontaken = () => Promise.resolve();
						happened = true;
						await act(doing);
						throw Object.assign(new Error('try again'), { responseCode: 451 });
					};
					await run();
					here.mailbox.ontaken = () => Promise.resolve();
					if (!happened) await act(doing);
				}
				if (doing.do === 'wait') await run();
			}
			await pass(here.local, 10 * minute);
			const ids = here.mailbox.received.map(({ mail }) => mail.messageId);
			expect(new Set(ids).size).toBe(ids.length);
			for (const address of addresses) {
				const events = here.mailbox.received
					.filter(({ to }) => to[0] === address)
					.map(({ event }) => event);
				const said = events.map((event) => `${event?.method} ${event?.sequence}`);
				expect(new Set(said).size).toBe(said.length);
				// Invited first, and called off only once in between.
				const methods = events.map((event) => event?.method);
				const off = methods.flatMap((method, at) => (method === 'CANCEL' ? [methods[at - 1]] : []));
				expect(off.every((before) => before === 'REQUEST')).toBe(true);
				const last = events.at(-1);
				const knows = last?.method === 'REQUEST' ? last.start : null;
				expect(knows).toBe(now.email === address ? now.startsAt : null);
			}
		}),
		{ numRuns: 6 },
	);
});
