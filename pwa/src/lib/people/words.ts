import { m } from '#lib/paraglide/messages.js';
import type { Role } from '#protocol/account.ts';

const names: Record<Role, () => string> = {
	admin: m.people_role_admin,
	supervisor: m.people_role_supervisor,
	clinician: m.people_role_clinician,
	scheduler: m.people_role_scheduler,
	'participant-only': m.people_role_participant,
	station: m.people_role_station,
};

/** Roles that somebody can be given on a screen. */
export const givenRoles = ['clinician', 'supervisor', 'scheduler', 'admin'] as const;

export const roleName = (role: Role): string => names[role]();
