import type { RevisionKind } from '../../protocol/revisions.ts';

export interface RevisionTables {
	revisions: RevisionRow;
	revision_tracks: RevisionTrackRow;
	dead_parts: DeadPartRow;
	rewritten: RewrittenRow;
	derivatives: DerivativeRow;
}

/** The newest rewriting of a recording. */
export interface RevisionRow {
	recording: string;
	id: string;
	kind: RevisionKind;
	/** The member who rewrites it. */
	member: string;
	/** `done`: it is what the recording is now. */
	state: 'open' | 'done';
	/** JSON of the grant for whoever rewrites it; null once it is done. */
	content: string | null;
	/** When something of it was stored last. */
	at: number;
}

/** While it is open: parts of this track from `base` on are new and nobody's yet. */
export interface RevisionTrackRow {
	recording: string;
	track: string;
	base: number;
}

/** A part without rows, whose files are still to be removed. */
export interface DeadPartRow {
	recording: string;
	track: string;
	part: number;
}

/** When it was rewritten last: copies on devices from before are not what it is now. */
export interface RewrittenRow {
	recording: string;
	at: number;
}

export interface DerivativeRow {
	recording: string;
	/** The recording that it was made from. */
	source: string;
	/** 1 = it took the place of its source, 0 = it is deleted with it. */
	replaces: number;
	at: number;
}
