import type { Bytes } from '#crypto/bytes.ts';
import type { Epoch, Member } from '#crypto/group/group.ts';
import type { CallMessage } from './messages.ts';

/** Where the keys of an epoch go: the media worker, and on the host's page the recorder. */
export interface Keys {
	/** Frames of this epoch can be opened from now on. `seats` by leaf. */
	install(epoch: Epoch, seats: readonly string[], welcome: Bytes): Promise<void>;
	/** Frames are sealed with this epoch from now on. */
	use(generation: number): Promise<void>;
	/** Nothing is sealed until the next `use`; takes effect before it returns to the event loop. */
	hold(): void;
	forget(generation: number): void;
}

/** What a room tells the call. */
export interface RoomEvents {
	/** The server gave this page its seat, now or again. */
	entered: () => void;
	/** A recorder of this page has few key packages left at the server. */
	low: (seat: string, left: number) => void;
	/** Seats, roster or connection changed: compute what is shown again. */
	changed: () => void;
	/** An epoch is in force here; `first` after a load or a rejoin. */
	epoch: (epoch: Epoch, first: boolean) => void;
	message: (from: Member, message: CallMessage) => void;
	/** The call is over for this page. */
	/** The server speaks another version than this page; the connections to the others stay. */
	outdated: () => void;
	over: (why: 'removed' | 'ended' | 'replaced' | 'session-ended') => void;
	/** An epoch was refused and skipped. */
	refused: (reason: string) => void;
}
