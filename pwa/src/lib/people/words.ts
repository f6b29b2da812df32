import { m } from '#lib/paraglide/messages.js';
import { getLocale } from '#lib/paraglide/runtime.js';
import type { Role } from '#protocol/account.ts';

const names: Record<Role, () => string> = {
	admin: m.people_role_admin,
	supervisor: m.people_role_supervisor,
	clinician: m.people_role_clinician,
	scheduler: m.people_role_scheduler,
	'participant-only': m.people_role_participant,
	station: m.people_role_station,
};

/** Roles of colleagues: one can be changed for another. */
export const staffRoles = ['clinician', 'supervisor', 'scheduler', 'admin'] as const;

/** Whether somebody is a colleague. */
export const isStaff = (role: Role): boolean => staffRoles.some((one) => one === role);

/** Roles that somebody can be invited to. */
export const givenRoles = [...staffRoles, 'participant-only', 'station'] as const;

export const roleName = (role: Role): string => names[role]();

/** Ways to write a date to choose from. */
export const dateLanguages: readonly string[] = [
	'en',
	'en-GB',
	'es',
	'pt-BR',
	'fr',
	'de',
	'it',
	'nl',
	'pl',
	'ru',
	'uk',
	'tr',
	'ar',
	'zh',
	'vi',
	'ko',
	'ja',
];

const example = Date.UTC(2026, 10, 23, 15);

/** "Spanish: lunes, 23 de noviembre de 2026". */
export function dateExample(language: string): string {
	const name = new Intl.DisplayNames(getLocale(), { type: 'language' }).of(language) ?? language;
	const date = new Intl.DateTimeFormat(language, { dateStyle: 'full', timeZone: 'UTC' });
	return `${name}: ${date.format(example)}`;
}
