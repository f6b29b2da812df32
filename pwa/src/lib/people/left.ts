import type { Brief } from '#protocol/briefs.ts';

/** How a recording concerns a member who left: she recorded it, she was let in, or neither. */
export function concernOf(
	row: Pick<Brief, 'host' | 'recipients'>,
	member: string,
): 'host' | 'opener' | undefined {
	if (row.host === member) return 'host';
	return row.recipients.includes(member) ? 'opener' : undefined;
}
