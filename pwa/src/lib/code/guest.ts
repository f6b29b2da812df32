import { fromBase64url, random, toBase64url } from '#crypto/bytes.ts';
import { type AccessCode, CodeAttempt, nonceBytes, openCodePlace } from '#crypto/cpace/code.ts';
import type { ConfirmedKey } from '#crypto/cpace/cpace.ts';
import { CryptoError } from '#crypto/errors.ts';
import {
	type PublicIdentity,
	decodePublicIdentity,
	encodePublicIdentity,
} from '#crypto/identity/identity.ts';
import type { CodeQuestion, CodeReply, CodeRoute } from '#protocol/code.ts';

/** What a try of a code needs of the page. */
export interface CodeDoor {
	route(nameplate: string): Promise<CodeRoute>;
	ask(name: string, question: CodeQuestion): Promise<CodeReply>;
	/** This browser's own keys for a host. */
	identity(host: PublicIdentity): Promise<PublicIdentity>;
	/** Counts a try of this browser; false when a code that begins so was tried often enough. */
	count(nameplate: string): Promise<boolean>;
	sleep(ms: number): Promise<void>;
}

export type CodeOutcome =
	/** Both know each other's keys. */
	| { state: 'in'; place: string; host: PublicIdentity }
	| { state: 'away'; place: string }
	| { state: 'wrong'; left: number }
	/** Somebody looks for codes: those of nine digits are not tried now. */
	| { state: 'rest'; seconds: number }
	| { state: 'burnt' | 'expired' | 'unknown' | 'busy' | 'lost' };

const busyMs = 3000;
const busyTries = 4;

/** Tries a code: finds its host, and proves the six digits to her without sending them. Throws `ApiError`. */
export async function tryCode(code: AccessCode, door: CodeDoor): Promise<CodeOutcome> {
	const route = await door.route(code.nameplate);
	if (route.state === 'dead') return { state: 'burnt' };
	if (route.state !== 'open') return route;
	// Who stands between may guess as well, once each time: so this side counts too.
	if (!(await door.count(code.nameplate))) return { state: 'burnt' };
	const host = decodePublicIdentity(route.host);
	const participant = await door.identity(host);
	const nonce = random(nonceBytes);
	const hostNonce = fromBase64url(route.nonce);
	const attempt = new CodeAttempt({ code, hostNonce, nonce, host, participant });
	const reply = await askPatiently(door, route.try, {
		step: 'share',
		nonce: toBase64url(nonce),
		identity: plain(participant),
		share: toBase64url(attempt.share),
	});
	if (reply.step !== 'share') return refusal(reply);
	const finished = finish(attempt, reply);
	const tag = finished ? toBase64url(finished.tag) : null;
	const last = await door.ask(route.try, { step: 'tag', tag });
	if (!finished) return reply.left > 0 ? { state: 'wrong', left: reply.left } : { state: 'burnt' };
	if (last.step !== 'place') return { state: 'lost' };
	return {
		state: 'in',
		host,
		place: await openCodePlace(finished.key, fromBase64url(last.sealed)),
	};
}

/** The keys that a knock is made with; what else an identity has is not part of a visit. */
function plain(identity: PublicIdentity): { ed25519: string; x25519: string } {
	const { ed25519, x25519 } = encodePublicIdentity(identity);
	return { ed25519, x25519 };
}

function refusal(reply: CodeReply): CodeOutcome {
	const why = reply.step === 'no' ? reply.why : 'wrong';
	if (why === 'dead') return { state: 'burnt' };
	return { state: why === 'busy' ? 'busy' : 'lost' };
}

async function askPatiently(
	door: CodeDoor,
	name: string,
	question: CodeQuestion,
): Promise<CodeReply> {
	for (let left = busyTries; ; left--) {
		const reply = await door.ask(name, question);
		if (reply.step !== 'no' || reply.why !== 'busy' || left === 1) return reply;
		await door.sleep(busyMs);
	}
}

/** undefined when the host has other digits, or somebody put other keys in between. */
function finish(
	attempt: CodeAttempt,
	{ share, tag }: Extract<CodeReply, { step: 'share' }>,
): { tag: Uint8Array; key: ConfirmedKey } | undefined {
	try {
		return attempt.finish({ share: fromBase64url(share), tag: fromBase64url(tag) });
	} catch (error) {
		if (error instanceof CryptoError) return undefined;
		throw error;
	}
}
