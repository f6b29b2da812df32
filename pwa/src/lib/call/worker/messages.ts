/** What the page and the media worker say to each other; both are ours, and no byte of it comes from outside. */
export interface TransformOptions {
	readonly direction: 'seal' | 'open';
	readonly kind: 'audio' | 'video';
	/** The other person's seat. */
	readonly seat: string;
	/** The peer connection: a new one has new RTP clocks. */
	readonly link: string;
}

/** Page to media worker. */
export type ToMedia =
	/** Keys of an epoch: opens with them from now on; seals only after `use`. */
	| {
			readonly type: 'epoch';
			readonly id: number;
			readonly generation: number;
			readonly baseKey: Uint8Array<ArrayBuffer>;
			/** Own leaf, and the seats of all leaves. */
			readonly leaf: number;
			readonly seats: readonly string[];
	  }
	/** Seals with this generation from now on. */
	| { readonly type: 'use'; readonly id: number; readonly generation: number }
	/** Seals nothing until the next `use`. */
	| { readonly type: 'hold'; readonly id: number }
	| { readonly type: 'forget'; readonly id: number; readonly generation: number }
	/** Where the recorder listens; null closes the fork. */
	| { readonly type: 'recorder'; readonly id: number; readonly port: MessagePort | null }
	/** Whether frames are forked, and over which connection one's own frames are copied. */
	| {
			readonly type: 'fork';
			readonly id: number;
			readonly on: boolean;
			readonly own: string | null;
			readonly mark: 'pause' | 'resume' | 'switch' | 'end' | null;
	  }
	/** Over these connections no picture is sent; the recorder may have a copy of it. */
	| { readonly type: 'without-pictures'; readonly id: number; readonly links: readonly string[] }
	/** Asks senders for a key frame: over one connection, or all. */
	| { readonly type: 'key-frame'; readonly id: number; readonly link: string | null }
	| { readonly type: 'counts'; readonly id: number };

/** Frames since the worker began. */
export interface Counts {
	sealed: number;
	/** Not sent, because there was no key to seal with. */
	held: number;
	opened: number;
	/** Dropped: no key of that epoch and leaf, or another sender's key on this connection. */
	unknown: number;
	/** Dropped: altered or not for this key. */
	refused: number;
	forked: number;
}

/** Media worker to page. */
export type FromMedia =
	| { readonly type: 'done'; readonly id: number; readonly at: number; readonly counts?: Counts }
	/** The first frame of this seat and kind was opened. */
	| { readonly type: 'first-frame'; readonly seat: string; readonly kind: 'audio' | 'video' }
	/** The recorder needs a key frame of what is sent over this connection. */
	| { readonly type: 'own-key-frame'; readonly link: string };
