import { type AccessCode, parseCode } from '#crypto/cpace/code.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type PublicIdentity, fingerprint } from '#crypto/identity/identity.ts';
import { toBase64url } from '#crypto/bytes.ts';
import { participantIdentity } from '#lib/call/identity.ts';
import { fetchJson } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { CodeReply, CodeRoute } from '#protocol/code.ts';
import { countTry, rememberHost } from './confirmed.ts';
import { type CodeDoor, type CodeOutcome, tryCode } from './guest.ts';

/** What the page says; `bad` for what is no code, `too-many` when the server refused before it asked anybody. */
export type JoinState =
	| { state: 'asking' | 'trying' | 'bad' }
	| { state: 'too-many'; seconds: number }
	| { state: 'failed'; error: unknown }
	| Exclude<CodeOutcome, { state: 'in' }>;

const nameOf = async (host: PublicIdentity): Promise<string> =>
	toBase64url(await fingerprint(host));

const door: CodeDoor = {
	route: (nameplate) =>
		fetchJson(CodeRoute, {
			method: 'POST',
			path: '/api/codes/tries',
			body: { nameplate },
			open: true,
		}),
	ask: (name, question) =>
		fetchJson(CodeReply, {
			method: 'POST',
			path: `/api/codes/tries/${name}`,
			body: question,
			open: true,
		}),
	identity: async (host) => (await participantIdentity(await nameOf(host))).publicIdentity,
	count: countTry,
	sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/** From nine digits to the place that they are for. */
export class Join {
	is = $state.raw<JoinState>({ state: 'asking' });

	/** The place, once both know each other's keys; undefined when the page has words for what happened. */
	async enter(text: string): Promise<string | undefined> {
		if (this.is.state === 'trying') return undefined;
		const code = read(text);
		this.is = { state: code ? 'trying' : 'bad' };
		if (!code) return undefined;
		try {
			const outcome = await tryCode(code, door);
			if (outcome.state !== 'in') this.is = outcome;
			else {
				await rememberHost(outcome.place, await nameOf(outcome.host));
				return outcome.place;
			}
		} catch (error) {
			this.is = isApiError(error, 'too-many-tries', 'slow-down')
				? { state: 'too-many', seconds: error.next ?? 0 }
				: { state: 'failed', error };
		}
		return undefined;
	}
}

function read(text: string): AccessCode | undefined {
	try {
		return parseCode(text);
	} catch (error) {
		if (error instanceof CryptoError) return undefined;
		throw error;
	}
}
