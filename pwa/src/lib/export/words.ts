import { m } from '#lib/paraglide/messages.js';
import { getLocale } from '#lib/paraglide/runtime.js';
import { lengthText } from '#lib/play/time.ts';
import type { Opened } from '#lib/recordings/store.ts';
import type { Outline } from '#lib/recordings/outline.ts';
import { namesIn } from '#lib/recordings/words.ts';
import { formatDay, formatTime, zoneName } from '#lib/ui/dates.ts';
import type { CopyWish } from './copy.ts';

/** What a copy's page says; of one person's part nobody else is named. */
export function copyWords(options: {
	opened: Opened;
	outline: Outline;
	whole: boolean;
	warning: string | undefined;
}): CopyWish['words'] {
	const { opened, outline, whole, warning } = options;
	const { manifest, capture } = opened;
	const { startedAt: at, purpose, practice } = manifest;
	const title = capture?.title ?? (manifest.title || namesIn(manifest));
	return {
		language: getLocale(),
		title: whole ? title : m.requests_copy_part(),
		lines: [
			m.session_when({ day: formatDay(at), time: formatTime(at), zone: zoneName() }),
			`${practice} · ${lengthText(outline.durationMs, getLocale())} · ${purpose}`,
			m.requests_copy_plays(),
		],
		warning,
		play: m.play(),
		pause: m.play_pause(),
		position: m.play_position(),
		hear: (name) => m.play_hear({ name }),
		show: (name) => m.play_show({ name }),
		files: m.requests_copy_files(),
		descriptor: m.requests_copy_vcon(),
		sums: m.requests_copy_sums(),
		statement: m.requests_copy_statement(),
	};
}
