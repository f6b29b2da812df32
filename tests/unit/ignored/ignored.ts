import { access } from './access.ts';
import { before } from './before.ts';
import { browsers } from './browsers.ts';
import { deletion } from './deletion.ts';
import { find } from './find.ts';
import { keys as ofKeys } from './keys.ts';
import { life } from './life.ts';
import { player } from './player.ts';
import { proof } from './proof.ts';
import { requests } from './requests.ts';
import { retention } from './retention.ts';
import { rewrite } from './rewrite.ts';
import { share } from './share.ts';

/** Messages that speak of keys, servers or recordings and promise nothing about them, by the reason why. */
export type Reasons = Readonly<Record<string, readonly string[]>>;

/** Key of the message, and why it is not in docs/claims.md. */
export const ignored: ReadonlyMap<string, string> = new Map(
	[
		browsers,
		before,
		life,
		find,
		player,
		access,
		share,
		deletion,
		retention,
		requests,
		proof,
		ofKeys,
		rewrite,
	]
		.flatMap((reasons) => Object.entries(reasons))
		.flatMap(([reason, listed]) => listed.map((key): [string, string] => [key, reason])),
);
