import type { Role } from '../protocol/account.ts';
import type { PostError, PostKind, PostState, PostWay } from '../protocol/post.ts';
import type { RecordingSource, TrackKind } from '../protocol/recordings.ts';
import type { Act } from '../protocol/sessions.ts';
import type { LifeTables } from './rows/life.ts';
import type { HistoryLogColumns } from './rows/log.ts';

/**
 * Rows of the database. Types are those that SQLite and PostgreSQL share: text, bigint (a JavaScript
 * number; times are milliseconds), bytea. Ids and bytes of the wire stay base64url text, JSON stays text.
 */
export interface Tables extends LifeTables {
	practice: PracticeRow;
	members: MemberRow;
	devices: DeviceRow;
	invitations: InvitationRow;
	sessions: SessionRow;
	places: PlaceRow;
	digest_pages: DigestPageRow;
	claims: ClaimRow;
	seats: SeatRow;
	knocks: KnockRow;
	epochs: EpochRow;
	packages: PackageRow;
	relay: RelayRow;
	history: HistoryTableRow;
	recordings: RecordingTableRow;
	tracks: TrackRow;
	grants: GrantRow;
	objects: ObjectRow;
	chunks: ChunkRow;
	checkpoints: CheckpointRow;
	deletion_requests: DeletionRequestRow;
	tombstones: TombstoneRow;
	contacts: ContactRow;
	post: PostRow;
	presence_devices: PresenceDeviceRow;
	presence_names: PresenceNamesRow;
	dismissals: DismissalRow;
}

export interface PracticeRow {
	id: string;
	name: string;
	public_key: string;
	/** JSON of PublicIdentity. */
	records: string;
	/** JSON of Signed. */
	member_list: string;
	/** JSON of the settings without the name; null = nobody has changed them. */
	settings: string | null;
	created_at: number;
}

export interface MemberRow {
	id: string;
	email: string;
	name: string;
	role: Role;
	/** JSON of PublicIdentity. */
	public_identity: string;
	opaque_record: string;
	/** JSON of Account. */
	account: string;
	/** 0 = deactivated: signs in nowhere. */
	active: number;
	/** Practice keys sealed to her. */
	keys: string | null;
	created_at: number;
}

export interface InvitationRow {
	id: string;
	email: string;
	role: Role;
	/** The member whose keys it replaces. */
	member: string | null;
	/** SHA-256. */
	proof_hash: string;
	state: 'open' | 'waiting' | 'confirmed';
	/** JSON of what she sent when she accepted. */
	registration: string | null;
	created_at: number;
	expires_at: number;
}

export interface DeviceRow {
	id: string;
	member: string;
	public_key: string;
	name: string;
	/** The server's half of the wrapping key; null = locked. */
	half: string | null;
	active_at: number;
	created_at: number;
	/** How it came in: see Way; null = before that was kept. */
	way: string | null;
}

export interface SessionRow {
	id: string;
	host: string;
	starts_at: number;
	minutes: number;
	sealed: string;
	/** JSON of Signed. */
	notice: string | null;
	state: 'planned' | 'open' | 'ended';
	generation: number;
	created_at: number;
	ended_at: number | null;
	/** 1 = it ended without having begun. */
	cancelled: number;
}

export interface PlaceRow {
	id: string;
	session: string;
	position: number;
	sealed: string;
	/** The participant with an account whose place it is. */
	member: string | null;
	/** What she may know of it, sealed to her. */
	visit: string | null;
}

/** Digests of contents that the practice vouches for after their author's part ended. */
export interface DigestPageRow {
	/** SHA-256. */
	hash: string;
	content: string;
}

export interface ClaimRow {
	seat: string;
	place: string;
	session: string;
	public_key: string;
	/** SHA-256; null = the claim is dead. */
	token_hash: string | null;
	created_at: number;
}

export type SeatKind = 'host' | 'participant' | 'recorder';
export type SeatState = 'waiting' | 'in-call' | 'gone' | 'removed';

export interface SeatRow {
	id: string;
	session: string;
	kind: SeatKind;
	place: string | null;
	/** The member of a host's seat, the seat that brought a recorder along. */
	owner: string | null;
	state: SeatState;
	since: number;
	/** When somebody who waited was seen to go; null while she is here, and where nobody saw it. */
	absent_at: number | null;
}

export interface KnockRow {
	seat: string;
	session: string;
	key_package: string;
	sealed: string;
	proof: string | null;
	at: number;
}

export interface EpochRow {
	session: string;
	generation: number;
	maker: string;
	/** JSON list of seats. */
	seats: string;
	welcome: string;
}

export interface PackageRow {
	seat: string;
	n: number;
	session: string;
	key_package: string;
}

export interface RelayRow {
	to_seat: string;
	n: number;
	session: string;
	from_seat: string;
	id: string;
	/** Null once it was acknowledged: the row only remembers that this id was delivered. */
	body: string | null;
}

export interface HistoryTableRow extends HistoryLogColumns {
	n: number;
	at: number;
	act: Act;
	who: string | null;
	session: string | null;
	recording: string | null;
	about: string | null;
	request: string | null;
}

export interface RecordingTableRow {
	id: string;
	source: RecordingSource;
	/** Null = a captured tab. */
	session: string | null;
	/** The presence device that brings the bytes of a captured tab. */
	uploader: string | null;
	/** Who answers for it. */
	host: string;
	/** Who hosted it first, where it was handed over since. */
	made_by: string | null;
	/** JSON of Signed: the last handing over. */
	handover: string | null;
	recorder_key: string;
	state: 'live' | 'finished' | 'deleted';
	started_at: number;
	last_seen_at: number;
	/** The recorder said that it ended by itself. */
	ended_at: number | null;
	/** The recorder fell silent. */
	lost_at: number | null;
	finished_at: number | null;
	/** SHA-256 of the request that made it, so that a repetition is known. */
	content: string;
}

export interface TrackRow {
	recording: string;
	id: string;
	kind: TrackKind;
	person: number;
	removed: number;
}

export interface GrantRow {
	id: string;
	recording: string;
	recipient: string;
	expires_at: number | null;
	/** JSON of Grant. */
	content: string;
}

export interface ObjectRow {
	recording: string;
	track: string;
	part: number;
	chunks: number;
	bytes: number;
}

export interface ChunkRow {
	recording: string;
	track: string;
	part: number;
	chunk: number;
	/** Where it begins in its object. */
	start: number;
	bytes: number;
	sha256: string;
}

export interface CheckpointRow {
	recording: string;
	n: number;
	/** JSON of Signed. */
	content: string;
}

export interface DeletionRequestRow {
	session: string;
	place: string;
	at: number;
	/** JSON of Signed. */
	content: string;
}

export interface TombstoneRow {
	recording: string;
	at: number;
}

export interface ContactRow {
	place: string;
	session: string;
	email: string | null;
	mobile: string | null;
	language: string;
	time_zone: string;
	/** JSON list of minutes; JSON null = as the practice has it. */
	remind_before: string;
	/** When the session begins and how long it is, as the person was told last. */
	starts_at: number;
	minutes: number;
	/** SEQUENCE of the calendar entry (RFC 5545 §3.8.7.4). */
	sequence: number;
	/** What tells of several sessions to the same person goes out in one. */
	series: string | null;
}

export interface PostRow {
	id: string;
	session: string;
	place: string;
	kind: PostKind;
	way: PostWay;
	/** `sending` is written down before anything goes out, and is never sent again. */
	state: PostState | 'sending';
	/** When it is due; when it was sent or given up. */
	at: number;
	created_at: number;
	tries: number;
	error: PostError | null;
	/** Minutes before the session, for a reminder that nobody asked for. */
	before: number | null;
	sequence: number;
	/** JSON of a Recipient: only of a cancellation, whose contact is erased already, until it was sent. */
	recipient: string | null;
	/** 1 = something newer was planned while it was under way: it is not tried again. */
	superseded: number;
	/** That of the contact. */
	series: string | null;
	/** 1 = it lay in the outbox. */
	held: number;
}

/** A browser extension that hears who waits for a member. */
export interface PresenceDeviceRow {
	id: string;
	member: string;
	/** Ed25519. */
	public_key: string;
	/** X25519. */
	presence_key: string;
	name: string;
	certificate: string;
	created_at: number;
	/** When it was connected last. */
	seen_at: number;
}

/** Names of a session, sealed to one such extension; erased when the session ends. */
export interface PresenceNamesRow {
	device: string;
	session: string;
	sealed: string;
}

/** "Not now" was said to an arrival; erased when the session ends. */
export interface DismissalRow {
	session: string;
	seat: string;
	since: number;
}
