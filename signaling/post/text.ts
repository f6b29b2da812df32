import type { TextConfig } from './settings.ts';
import { systemCode } from '../errors.ts';
import { answerMs, type Outcome } from './outcome.ts';

/** Errors of a connection that was never there. */
const neverReached = new Set([
	'ECONNREFUSED',
	'ENOTFOUND',
	'EAI_AGAIN',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'UND_ERR_CONNECT_TIMEOUT',
]);

/** Puts number and words into a template; `encode` makes them harmless there. */
const fill = (
	template: string,
	values: { to: string; text: string },
	encode: (value: string) => string,
): string =>
	template.replaceAll(/\{(to|text)\}/g, (_, name: string) =>
		encode(name === 'to' ? values.to : values.text),
	);

const inJson = (value: string): string => JSON.stringify(value).slice(1, -1);

/** A GET with everything in the address as Kannel has it, or with SMS_BODY a POST as Twilio has it. */
export function requestOf(config: TextConfig, values: { to: string; text: string }): Request {
	const headers = new Headers();
	if (config.authorization) headers.set('authorization', config.authorization);
	const url = fill(config.url, values, encodeURIComponent);
	const init: RequestInit = { headers, redirect: 'error', signal: AbortSignal.timeout(answerMs) };
	if (config.body === undefined) return new Request(url, init);
	const json = config.body.startsWith('{');
	headers.set('content-type', json ? 'application/json' : 'application/x-www-form-urlencoded');
	const body = fill(config.body, values, json ? inJson : encodeURIComponent);
	return new Request(url, { ...init, method: 'POST', body });
}

/** Hands one text message to the gateway. */
export async function sendText(config: TextConfig, to: string, text: string): Promise<Outcome> {
	let response: Response;
	try {
		response = await fetch(requestOf(config, { to, text }));
	} catch (error) {
		const code = error instanceof Error ? systemCode(error.cause) : undefined;
		return neverReached.has(code ?? '')
			? { type: 'again', error: 'unreachable' }
			: { type: 'failed', error: 'interrupted' };
	}
	await response.body?.cancel();
	const { status, ok } = response;
	if (ok) return { type: 'sent' };
	if (status === 401 || status === 403) return { type: 'again', error: 'login' };
	if (status === 429 || status === 503) return { type: 'again', error: 'refused' };
	// A gateway that fails in the middle may have passed it on.
	return { type: 'failed', error: status >= 500 ? 'interrupted' : 'refused' };
}
