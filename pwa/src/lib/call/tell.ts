import { CryptoError } from '#crypto/errors.ts';
import type { Identity } from '#crypto/identity/identity.ts';
import type { LinkSecret } from '#crypto/proof/proof.ts';
import { type Socket, SocketError } from '#lib/net/socket.ts';
import type { Seat } from '#protocol/socket.ts';
import { openKnock } from './knock.ts';
import { sealNote } from './note.ts';

/** After so long it counts as not sent, milliseconds; a line that is back sooner still takes it. */
const patienceMs = 10_000;

interface Waiting {
	readonly identity: Identity;
	readonly session: string;
	/** The place that she waits at, and the secret of its link. */
	readonly place: string;
	readonly secret: LinkSecret;
	readonly seat: Pick<Seat, 'seat' | 'knock'>;
}

/**
 * Writes to somebody who waits, from a page of the host's that is not in the call, such as the dashboard: sealed to
 * the key of her knock. `socket` speaks for a signed-in host. False when she cannot be told, or it did not go.
 */
export async function tellWaiting(
	socket: Pick<Socket, 'request'>,
	{ identity, session, place, secret, seat: { seat, knock } }: Waiting,
	text: string,
): Promise<boolean> {
	if (!knock) return false;
	try {
		const { reply } = await openKnock({ identity, session, place, secret, knock });
		if (!reply) return false;
		const host = identity.signing;
		const body = await sealNote({ host, to: reply, session, seat, text, at: Date.now() });
		const sent = socket
			.request({ type: 'relay', session, to: seat, body }, { repeat: true })
			.then(() => true);
		const late = new Promise<boolean>((resolve) => setTimeout(resolve, patienceMs, false));
		return await Promise.race([sent, late]);
	} catch (error) {
		if (error instanceof SocketError || error instanceof CryptoError) return false;
		throw error;
	}
}
