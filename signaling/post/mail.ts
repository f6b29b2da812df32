import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import type { MailConfig } from './settings.ts';
import { systemCode } from '../errors.ts';
import type { CalendarPart } from './calendar.ts';
import { answerMs, type Outcome, reachMs } from './outcome.ts';
import { oneLine, type Written } from './words.ts';

export interface Mail {
	/** Derived from the row, so that whoever gets it twice can tell. */
	messageId: string;
	/** Name that it comes from. */
	practice: string;
	to: string;
	words: Written;
	calendars: readonly CalendarPart[];
	date: Date;
}

/** The bytes of a mail as they go out. */
export function composeMail(config: MailConfig, mail: Mail): Promise<Buffer> {
	const { messageId, practice, to, words, calendars, date } = mail;
	const [calendar, ...others] = calendars;
	const composer = new MailComposer({
		from: { name: oneLine(practice), address: config.from },
		to: { name: '', address: to },
		subject: words.subject,
		text: words.body,
		messageId,
		date,
		headers: { 'Auto-Submitted': 'auto-generated' },
		...(calendar && { icalEvent: { ...calendar, filename: 'session.ics' } }),
		attachments: others.map(({ method, content }, at) => ({
			filename: `session-${at + 2}.ics`,
			content,
			contentType: `text/calendar; charset=utf-8; method=${method}`,
		})),
		disableFileAccess: true,
		disableUrlAccess: true,
	});
	return composer.compile().build();
}

interface SmtpError {
	responseCode?: number | undefined;
	command?: string | undefined;
}

function smtpError(error: unknown): SmtpError {
	if (!(error instanceof Error)) return {};
	const code = 'responseCode' in error ? error.responseCode : undefined;
	const command = 'command' in error ? error.command : undefined;
	return {
		responseCode: typeof code === 'number' ? code : undefined,
		command: typeof command === 'string' ? command : undefined,
	};
}

/** What an error while sending means; without an answer of the server nobody knows whether it went out. */
function afterSend(error: unknown): Outcome {
	const { responseCode, command } = smtpError(error);
	if (responseCode === undefined) return { type: 'failed', error: 'interrupted' };
	const why = command === 'RCPT TO' ? 'address' : 'refused';
	// RFC 5321 §4.2.1: 4yz may be tried again, 5yz not.
	return { type: responseCode < 500 ? 'again' : 'failed', error: why };
}

function beforeSend(error: unknown): Outcome {
	const refused = systemCode(error) === 'EAUTH';
	return { type: 'again', error: refused ? 'login' : 'unreachable' };
}

/** Sends one mail over a connection of its own. */
export async function sendMail(config: MailConfig, to: string, raw: Buffer): Promise<Outcome> {
	const connection = new SMTPConnection({
		host: config.host,
		port: config.port,
		secure: config.secure,
		// To another machine never in clear.
		...(config.loopback ? { ignoreTLS: true } : { requireTLS: true }),
		connectionTimeout: reachMs,
		greetingTimeout: reachMs,
		socketTimeout: answerMs,
	});
	const failed = new Promise<never>((_resolve, reject) => connection.on('error', reject));
	// A late error of a connection that is done with is nobody's.
	failed.catch(() => undefined);
	const step = (run: (done: (error?: Error | null) => void) => void): Promise<void> =>
		Promise.race([
			failed,
			new Promise<void>((resolve, reject) => run((error) => (error ? reject(error) : resolve()))),
		]);
	try {
		try {
			await step((done) => connection.connect(done));
			const { auth } = config;
			if (auth) await step((done) => connection.login({ credentials: auth }, done));
		} catch (error) {
			return beforeSend(error);
		}
		try {
			await step((done) => connection.send({ from: config.from, to: [to] }, raw, done));
			return { type: 'sent' };
		} catch (error) {
			return afterSend(error);
		}
	} finally {
		connection.quit();
		connection.close();
	}
}
