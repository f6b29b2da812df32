import { resolve } from 'node:path';
import * as v from 'valibot';
import {
	type MailConfig,
	MailFrom,
	mailConfig,
	SmsBody,
	SmsUrl,
	SmtpUrl,
	type TextConfig,
	textConfig,
} from './post/settings.ts';
import { limits } from './protocol/limits.ts';

/** A variable of the environment that cannot be used; the message is a sentence for the operator. */
export class ConfigError extends Error {
	override readonly name = 'ConfigError';
}

const folder = `${import.meta.dirname}/..`;

function whole(options: { min: number; max: number }) {
	const { min, max } = options;
	const sentence = `must be a whole number between ${min} and ${max}`;
	return v.pipe(
		v.string(),
		v.regex(/^-?\d+$/, sentence),
		v.transform(Number),
		v.minValue(min, sentence),
		v.maxValue(max, sentence),
	);
}

const originSentence =
	'must be a list of origins like https://visit.example.org, separated by commas and without a path';

const Origins = v.pipe(
	v.string(),
	v.transform((text) => text.split(',').map((part) => part.trim())),
	v.array(
		v.pipe(
			v.string(),
			v.regex(/^(https?:\/\/[^/?#\s*]+|chrome-extension:\/\/[a-p]{32})$/, originSentence),
		),
	),
	v.minLength(1, originSentence),
	v.maxLength(16, originSentence),
);

const extensionSentence = 'must be a list of ids of 32 letters from a to p, separated by commas';

/** The id that `extension/test-key.json` gives to a build without a key of one's own. */
const ownExtension = 'pdiedkbgiialimlifkeickglbmflnbmc';

const ExtensionIds = v.pipe(
	v.string(),
	v.transform((text) => text.split(',').map((part) => part.trim())),
	v.array(v.pipe(v.string(), v.regex(/^[a-p]{32}$/, extensionSentence))),
	v.maxLength(16, extensionSentence),
);

const idleSentence = 'must be a number of minutes between 0.05 and 480';

const Environment = v.object({
	/** 0 = any free port. */
	PORT: v.optional(whole({ min: 0, max: 65_535 }), '8787'),
	HOST: v.optional(
		v.pipe(v.string(), v.regex(/^[\w.:-]+$/, 'must be an address or a name')),
		'127.0.0.1',
	),
	DATA_DIR: v.optional(v.pipe(v.string(), v.minLength(1, 'must name a folder')), './data'),
	/** The folder of the built web app. */
	PAGES_DIR: v.optional(
		v.pipe(v.string(), v.minLength(1, 'must name a folder')),
		`${folder}/build/pwa`,
	),
	ORIGINS: v.optional(Origins),
	/** Browser extensions that may be paired and may use the API. */
	EXTENSION_IDS: v.optional(ExtensionIds, ownExtension),
	STUN_URL: v.optional(
		v.pipe(v.string(), v.regex(/^stuns?:[^\s]{1,500}$/, 'must begin with stun: or stuns:')),
	),
	TURN_URL: v.optional(
		v.pipe(v.string(), v.regex(/^turns?:[^\s]{1,500}$/, 'must begin with turn: or turns:')),
	),
	TURN_SECRET: v.optional(
		v.pipe(
			v.string(),
			v.minLength(8, 'must have 8 characters or more'),
			v.maxLength(512, 'must have at most 512 characters'),
		),
	),
	/** Where mail is handed in. */
	SMTP_URL: v.optional(SmtpUrl),
	/** The address that mail comes from. */
	MAIL_FROM: v.optional(MailFrom),
	/** The gateway for text messages. */
	SMS_URL: v.optional(SmsUrl),
	/** What is posted to it; without it everything is in the address. */
	SMS_BODY: v.optional(SmsBody),
	LOG_LEVEL: v.optional(
		v.picklist(
			['debug', 'info', 'warn', 'error', 'silent'],
			'must be debug, info, warn, error or silent',
		),
		'info',
	),
	IDLE_MINUTES: v.optional(
		v.pipe(
			v.string(),
			v.transform(Number),
			v.number(idleSentence),
			v.minValue(0.05, idleSentence),
			v.maxValue(480, idleSentence),
		),
		`${limits.idleMs / 60_000}`,
	),
	/** How many reverse proxies of one's own stand before the server; only then is x-forwarded-for read. */
	TRUST_PROXY: v.optional(whole({ min: 0, max: 4 }), '0'),
	/** Free space that recordings leave to the database, MiB. */
	RESERVE_MB: v.optional(whole({ min: 0, max: 1_000_000 }), '64'),
	/** For tests: shifts the server's clock. */
	CLOCK_OFFSET_MS: v.optional(whole({ min: -1e13, max: 1e13 }), '0'),
});

export interface Config {
	port: number;
	host: string;
	dataDir: string;
	pagesDir: string;
	/** Origins whose pages may use the API; `undefined` = this machine's own addresses. */
	origins: readonly string[] | undefined;
	extensions: readonly string[];
	stunUrl: string | undefined;
	turn: { url: string; secret: string } | undefined;
	/** `undefined` = nothing is sent, see the outbox. */
	mail: MailConfig | undefined;
	text: TextConfig | undefined;
	logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
	idleMs: number;
	proxies: number;
	reserveBytes: number;
	clockOffsetMs: number;
}

/** Reads the environment. Throws `ConfigError` with one sentence per variable that cannot be used. */
export function readConfig(environment: Record<string, string | undefined>): Config {
	// An empty variable is a variable that was not set.
	const set = Object.entries(environment).filter(
		([, value]) => value !== undefined && value !== '',
	);
	const parsed = v.safeParse(Environment, Object.fromEntries(set));
	if (!parsed.success)
		throw new ConfigError(
			parsed.issues
				.map((issue) => `${v.getDotPath(issue)?.split('.')[0]} ${issue.message}.`)
				.join('\n'),
		);
	const { output } = parsed;
	if ((output.TURN_URL === undefined) !== (output.TURN_SECRET === undefined))
		throw new ConfigError('TURN_URL and TURN_SECRET must be set together.');
	const { SMTP_URL: smtpUrl, MAIL_FROM: from, SMS_URL: smsUrl, SMS_BODY: smsBody } = output;
	if ((smtpUrl === undefined) !== (from === undefined))
		throw new ConfigError('SMTP_URL and MAIL_FROM must be set together.');
	if (smsUrl && !smsBody && !(smsUrl.includes('{to}') && smsUrl.includes('{text}')))
		throw new ConfigError('SMS_URL must contain {to} and {text}, or SMS_BODY must be set.');
	return {
		port: output.PORT,
		host: output.HOST,
		dataDir: resolve(output.DATA_DIR),
		pagesDir: resolve(output.PAGES_DIR),
		origins: output.ORIGINS,
		extensions: output.EXTENSION_IDS,
		stunUrl: output.STUN_URL,
		turn:
			output.TURN_URL && output.TURN_SECRET
				? { url: output.TURN_URL, secret: output.TURN_SECRET }
				: undefined,
		mail: smtpUrl && from ? mailConfig(smtpUrl, from) : undefined,
		text: smsUrl ? textConfig(smsUrl, smsBody) : undefined,
		logLevel: output.LOG_LEVEL,
		idleMs: Math.round(output.IDLE_MINUTES * 60_000),
		proxies: output.TRUST_PROXY,
		reserveBytes: output.RESERVE_MB * 1024 * 1024,
		clockOffsetMs: output.CLOCK_OFFSET_MS,
	};
}
