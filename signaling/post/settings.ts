import * as v from 'valibot';

/** How mail goes out. */
export interface MailConfig {
	host: string;
	port: number;
	/** TLS from the first byte; otherwise STARTTLS, which is not left out but on the same machine. */
	secure: boolean;
	loopback: boolean;
	auth: { user: string; pass: string } | undefined;
	/** The address that mail comes from. */
	from: string;
}

/** How text messages go out. */
export interface TextConfig {
	/** Template with {to} and {text}. */
	url: string;
	/** Template of a POST; without it a GET. */
	body: string | undefined;
	authorization: string | undefined;
}

const smtpSentence =
	'must be like smtp://NAME:PASSWORD@mail.example.org:587 or smtps://NAME:PASSWORD@mail.example.org';
const smsSentence = 'must be an http or https address; {to} and {text} stand for number and words';

export const SmtpUrl = v.pipe(
	v.string(),
	v.url(smtpSentence),
	v.regex(/^smtps?:\/\/[^/?#]+\/?$/, smtpSentence),
);
export const MailFrom = v.pipe(v.string(), v.email('must be an e-mail address'));
export const SmsUrl = v.pipe(v.string(), v.url(smsSentence), v.regex(/^https?:\/\//, smsSentence));
export const SmsBody = v.pipe(
	v.string(),
	v.includes('{text}', 'must contain {to} and {text}'),
	v.includes('{to}', 'must contain {to} and {text}'),
);

const loopbacks = new Set(['localhost', '127.0.0.1', '[::1]']);

export function mailConfig(smtpUrl: string, from: string): MailConfig {
	const { protocol, hostname, port, username, password } = new URL(smtpUrl);
	const secure = protocol === 'smtps:';
	return {
		host: hostname.replaceAll(/[[\]]/g, ''),
		port: Number(port) || (secure ? 465 : 587),
		secure,
		loopback: loopbacks.has(hostname),
		auth:
			username === ''
				? undefined
				: { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
		from,
	};
}

/** NAME:PASSWORD in the address become the header; `fetch` takes no such address. */
export function textConfig(smsUrl: string, body: string | undefined): TextConfig {
	const [, scheme = '', name, password = '', rest = ''] =
		/^(https?:\/\/)(?:([^/?#@:]*)(?::([^/?#@]*))?@)?(.*)$/.exec(smsUrl) ?? [];
	const credentials =
		name !== undefined && `${decodeURIComponent(name)}:${decodeURIComponent(password)}`;
	return {
		url: scheme + rest,
		body,
		authorization: credentials ? `Basic ${Buffer.from(credentials).toString('base64')}` : undefined,
	};
}
