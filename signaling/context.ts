import type { Clock } from './clock.ts';
import type { Codes } from './code/codes.ts';
import type { Config } from './config.ts';
import type { History } from './history/history.ts';
import type { Ledger } from './history/ledger.ts';
import type { Log } from './log.ts';
import type { Opaque } from './account/opaque.ts';
import type { SetupToken } from './account/setup.ts';
import type { Tokens } from './account/tokens.ts';
import type { Settings } from './people/settings.ts';
import type { Objects } from './recording/objects.ts';
import type { Presence } from './recording/presence.ts';
import type { Post } from './post/post.ts';
import type { Tombstones } from './recording/tombstones.ts';
import type { Hub } from './room/hub.ts';
import type { Ready } from './ready/ready.ts';
import type { ShareKeeper } from './share/keeper.ts';
import type { OpenStore, Store } from './store/database.ts';
import type { Tries } from './tries.ts';

/** Everything that the routes share; made once in server.ts. */
export interface Context {
	config: Config;
	clock: Clock;
	log: Log;
	store: Store;
	database: OpenStore;
	history: History;
	ledger: Ledger;
	opaque: Opaque;
	setup: SetupToken;
	tokens: Tokens;
	tries: Tries;
	origins: Set<string>;
	hub: Hub;
	codes: Codes;
	post: Post;
	objects: Objects;
	presence: Presence;
	settings: Settings;
	shares: ShareKeeper;
	ready: Ready;
	tombstones: Tombstones;
}
