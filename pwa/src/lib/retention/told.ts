import type { Notice } from '#crypto/consent/consent.ts';
import { m } from '#lib/paraglide/messages.js';
import { getLocale } from '#lib/paraglide/runtime.js';

/** How long a recording is kept, in the words of its notice. */
export function keptWords({ keptUntil, keeping }: Pick<Notice, 'keptUntil' | 'keeping'>): string {
	if (keptUntil !== null)
		return new Intl.DateTimeFormat(getLocale(), { dateStyle: 'long' }).format(keptUntil);
	if (keeping?.minutes !== undefined) return m.retention_told_minutes({ minutes: keeping.minutes });
	return keeping?.purpose === 'legal' ? m.retention_told_legal() : m.notice_kept_open();
}
