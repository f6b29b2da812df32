/**
 * Which rewriting this browser began, by recording: the id of the grant that it sent with it. A server could show an
 * older grant, of keys that somebody else knows; only the one that was made here is taken up again.
 */
export interface Begun {
	get(recording: string): string | undefined;
	set(recording: string, grant: string): void;
	delete(recording: string): void;
}

const nameOf = (recording: string): string => `rewrite ${recording}`;

/** In this browser's storage: ids only. */
export const begunHere: Begun = {
	get: (recording) => localStorage.getItem(nameOf(recording)) ?? undefined,
	set: (recording, grant) => localStorage.setItem(nameOf(recording), grant),
	delete: (recording) => localStorage.removeItem(nameOf(recording)),
};
