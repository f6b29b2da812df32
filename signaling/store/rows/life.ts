import type { AnnotationKind } from '../../protocol/annotations.ts';
import type { ShareOpeningRow, ShareTableRow } from './shares.ts';
import type { CopyTables } from './copies.ts';
import type { DeletionTables } from './deletion.ts';
import type { DisclosureRow, RequestRow } from './requests.ts';
import type { RetentionPolicyRow, RetentionTableRow, StoragePriceRow } from './retention.ts';
import type { LogTables } from './log.ts';
import type { RevisionTables } from './revisions.ts';
import type { RotationTables } from './rotations.ts';
import type { WishTables } from './wishes.ts';

/** What is kept of a recording after it was made; each concept has its rows in a file of its own here. */
export interface LifeTables
	extends CopyTables, DeletionTables, LogTables, RevisionTables, RotationTables, WishTables {
	annotations: AnnotationRow;
	shares: ShareTableRow;
	share_openings: ShareOpeningRow;
	requests: RequestRow;
	disclosures: DisclosureRow;
	retentions: RetentionTableRow;
	retention_policies: RetentionPolicyRow;
	storage_price: StoragePriceRow;
}

export interface AnnotationRow {
	recording: string;
	kind: AnnotationKind;
	/** 1, 2, ...: the newest replaces the one before. */
	version: number;
	/** The member who wrote it. */
	author: string;
	content: string;
	at: number;
}
