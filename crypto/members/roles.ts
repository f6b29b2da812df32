/** What somebody may do in the practice. */
export const roles = [
	'admin',
	'supervisor',
	'clinician',
	'scheduler',
	'participant-only',
	'station',
] as const;

export type Role = (typeof roles)[number];
