import { m } from '#lib/paraglide/messages.js';
import { formatDate, formatTime } from '#lib/ui/dates.ts';
import type { Destroyed, NotReached } from '#protocol/deletion.ts';

/** "3.2 MB" */
function sizeText(bytes: number): string {
	const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
	let [size, at] = [bytes, 0];
	while (size >= 1000 && at < units.length - 1) [size, at] = [size / 1000, at + 1];
	const digits = at === 0 || size >= 100 ? 0 : 1;
	return `${size.toFixed(digits)} ${units[at] ?? ''}`;
}

/** What was destroyed, a line each, without what there was none of. */
export function destroyedWords(destroyed: Destroyed): string[] {
	const { grants, tracks, objects, bytes, annotations, reasons } = destroyed;
	const { shares, messages, derivatives } = destroyed;
	const lines: [number, () => string][] = [
		[grants, () => m.deletion_grants({ count: grants })],
		[objects, () => m.deletion_objects({ tracks, size: sizeText(bytes) })],
		[annotations, () => m.deletion_annotations({ count: annotations })],
		[reasons, () => m.deletion_reasons({ count: reasons })],
		[shares, () => m.deletion_shares({ count: shares })],
		[messages, () => m.deletion_messages({ count: messages })],
		[derivatives, () => m.deletion_derivatives({ count: derivatives })],
	];
	return lines.flatMap(([count, words]) => (count > 0 ? [words()] : []));
}

/** What no deletion reaches, a line each, without what there is none of. */
export function notReachedWords(notReached: NotReached): string[] {
	const { openers, exports, shares, copies, backups, lastBackupAt } = notReached;
	const last = lastBackupAt ?? 0;
	const lines: [number, () => string][] = [
		[openers, () => m.deletion_left_openers({ count: openers })],
		[shares, () => m.deletion_left_shares({ count: shares })],
		[exports, () => m.deletion_left_exports({ count: exports })],
		[copies, () => m.deletion_left_copies({ count: copies })],
		[
			backups,
			() =>
				m.deletion_left_backups({
					count: backups,
					day: formatDate(last),
					time: formatTime(last),
				}),
		],
	];
	return lines.flatMap(([count, words]) => (count > 0 ? [words()] : []));
}
