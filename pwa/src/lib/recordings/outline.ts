import type { Manifest, Person } from '#lib/record/manifest.ts';
import type { PersonMedia } from '#lib/play/player.svelte.ts';
import { joined } from '#lib/play/timeline.ts';
import type { Gap } from '#lib/play/view.ts';

/** How a recording came to its end. */
export type Ending =
	| { readonly is: 'complete' }
	| {
			readonly is: 'ends-early';
			/** Up to here everything is intact, in milliseconds. */
			readonly atMs: number;
			/** About how much is missing behind it. */
			readonly missingMs: number;
	  }
	| { readonly is: 'altered' };

/** One person's sealed media. */
export interface SealedPerson extends Omit<PersonMedia, 'src'> {
	readonly role: Person['role'];
	/** What there is to open; undefined when nothing of this person was kept. */
	readonly media:
		| { readonly track: string; readonly part: number; readonly bytes: number }
		| undefined;
}

/** What the player needs to know of a recording. */
export interface Outline {
	readonly durationMs: number;
	readonly people: readonly SealedPerson[];
	readonly gaps: readonly Gap[];
	readonly ending: Ending;
}

const secondMs = 1000;

/** The outline of a finished recording. */
export function outlineOf(manifest: Manifest): Outline {
	// Who was seen stands first, the host beside them.
	const ordered = manifest.people.toSorted((a, b) => rank(a.role) - rank(b.role));
	const people = ordered.map((person) => {
		const track = manifest.tracks.find((one) => one.kind === 'final' && one.person === person.id);
		const part = track?.parts.at(-1);
		return {
			id: String(person.id),
			name: person.name,
			role: person.role,
			startMs: track?.start ?? 0,
			durationMs: track?.duration ?? 0,
			media: track && part && { track: track.id, part: part.part, bytes: part.bytes },
		};
	});
	const durationMs = Math.max(0, ...people.map((one) => one.startMs + one.durationMs));
	return {
		durationMs,
		people,
		gaps: gapsOf(manifest, durationMs),
		ending: endingOf(manifest, durationMs),
	};
}

function rank(role: SealedPerson['role']): number {
	return role === 'host' ? 1 : 0;
}

function gapsOf(manifest: Manifest, durationMs: number): Gap[] {
	const within = (spans: readonly { from: number; to: number | null }[]) =>
		joined(
			spans.map(({ from, to }) => ({
				from: Math.min(from, durationMs),
				to: Math.min(to ?? durationMs, durationMs),
			})),
		);
	const paused = within(manifest.spans.filter(({ state }) => state === 'paused'));
	const missing = within(manifest.missing.filter(({ person }) => person === null));
	return [
		...paused.map((span) => ({ ...span, why: 'paused' as const })),
		...missing.map((span) => ({ ...span, why: 'missing' as const })),
	].toSorted((a, b) => a.from - b.from);
}

function endingOf(manifest: Manifest, durationMs: number): Ending {
	if (manifest.verdict === 'complete') return { is: 'complete' };
	if (manifest.verdict === 'altered') return { is: 'altered' };
	const stopped = manifest.missing.find(({ why }) => why === 'stopped' || why === 'shortened');
	const atMs = stopped?.from ?? durationMs;
	// A recorder says once a second that it is there, so up to a second more may be missing than is known.
	const missingMs = Math.max(secondMs, (stopped?.to ?? 0) - atMs);
	return { is: 'ends-early', atMs, missingMs };
}
