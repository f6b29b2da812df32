import type { Migration } from 'kysely/migration';
import { approvals } from './approvals.ts';
import { annotations } from './annotations.ts';
import { asked } from './asked.ts';
import { copies } from './copies.ts';
import { deletion } from './deletion.ts';
import { find } from './find.ts';
import { handovers } from './handovers.ts';
import { log } from './log.ts';
import { requests } from './requests.ts';
import { retention } from './retention.ts';
import { revisions } from './revisions.ts';
import { rewritten } from './rewritten.ts';
import { rotations } from './rotations.ts';
import { shares } from './shares.ts';
import { ways } from './ways.ts';
import { wishes } from './wishes.ts';

/** The life of a recording, by name; each is made once, and one that was made is not changed. */
export const life: Readonly<Record<string, Migration>> = {
	'0010-annotations': annotations,
	'0013-shares': shares,
	'0016-requests': requests,
	'0018-copies': copies,
	'0011-log': log,
	'0010-find': find,
	'0012-retention': retention,
	'0015-deletion': deletion,
	'0014-revisions': revisions,
	'0020-wishes': wishes,
	'0022-rewritten': rewritten,
	'0023-ways': ways,
	'0025-rotations': rotations,
	'0024-handovers': handovers,
	'0026-asked': asked,
	'0027-approvals': approvals,
};
