import { expect, test } from 'vitest';
import { m } from '#lib/paraglide/messages.js';
import { labelOf } from './way.ts';
import { mailWords, openingWords, stateWords, unsent } from './words.ts';

test('each way has one label, word by word, and the code is never part of it', () => {
	expect(labelOf('words')).toBe(
		'Anyone with the five words and the text message code; the server cannot',
	);
	expect(labelOf('device')).toBe('Only the device that passed the text message code');
	expect(labelOf('device', 'Jonas')).toBe("Only Jonas's device can open it, checked by voice");
	expect(labelOf('link')).toBe('Anyone who has the full link');
	// A name changes nothing where no voice was compared.
	expect(labelOf('words', 'Jonas')).toBe(labelOf('words'));
	expect(m.share_code_note()).toBe('The code checks the phone. It is not part of the encryption.');
});

test('a share says how it stands, and how often it was opened', () => {
	const at = Date.UTC(2026, 10, 20, 12);
	const over = { expiresAt: at, endedAt: at - 3_600_000 };
	const states = (['open', 'locked', 'exposed', 'ended', 'expired'] as const).map((state) =>
		stateWords({ state, ...over }),
	);
	expect(new Set(states).size).toBe(states.length);
	expect(stateWords({ state: 'ended', ...over, endedAt: null })).toMatch(/^Ended on/);
	expect(openingWords({ openings: 0, openedAt: [] })).toBe('Not opened yet');
	expect(openingWords({ openings: 1, openedAt: [at] })).toMatch(/^Opened once/);
	// Only the last ones are told with their times.
	expect(openingWords({ openings: 51, openedAt: [at - 1, at] })).toMatch(/^Opened 51 times/);
	expect(mailWords('held')).toContain('no e-mail');
	// What reached nobody is not said to be sent, and its address is shown to be passed on.
	for (const mail of ['held', 'failed', 'waiting', 'sending', 'none'] as const)
		expect(mailWords(mail)).not.toMatch(/^E-mailed/);
	expect([unsent('held'), unsent('failed'), unsent('sent'), unsent('waiting')]).toEqual([
		true,
		true,
		false,
		false,
	]);
});
