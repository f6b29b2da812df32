import { oneLine, type Written } from '../post/words.ts';

/** What a recipient is told by mail: where to go, and nothing that opens anything. */
export function writeMail(letter: {
	practice: string;
	/** Without a fragment. */
	link: string;
	expiresAt: number;
}): Written {
	const practice = oneLine(letter.practice);
	const until = new Intl.DateTimeFormat('en', {
		dateStyle: 'long',
		timeStyle: 'short',
		timeZone: 'UTC',
	}).format(letter.expiresAt);
	const parts = [
		`${practice} wants to show you a recording.`,
		`Open this page:\n${letter.link}`,
		'It sends a code to your phone when you press a button. Nothing opens without that code and a key, which is not in this message: the person who shares the recording gives it to you.',
		`The page works until ${until} (UTC).`,
		`If you did not expect this, call ${practice} at a number that you know.`,
	];
	return { subject: `A recording from ${practice}`, body: `${parts.join('\n\n')}\n` };
}

/** A text costs by its length: one part where the name of the practice is not very long. */
export function writeCode(letter: { practice: string; code: string; minutes: number }): string {
	const { practice, code, minutes } = letter;
	return `${code} is your code from ${oneLine(practice)}. It is valid for ${minutes} minutes. Give it to nobody.`;
}
