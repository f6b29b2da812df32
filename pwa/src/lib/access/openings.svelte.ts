import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { openTrackKeys } from '#lib/recordings/keys.ts';
import { fetchRecording, opener } from '#lib/recordings/store.ts';
import { type Opening, Openings } from '#protocol/access.ts';
import { openReason } from './reasons.ts';

/** Somebody else opened a recording of this member. */
export interface OpenedByOther extends Opening {
	/** Undefined when it cannot be read on this device. */
	readonly words: string | undefined;
	/** When the recording began. */
	readonly startedAt: number;
}

async function read(opening: Opening): Promise<OpenedByOther> {
	const recording = await fetchRecording(opening.recording);
	const { startedAt, grants, id } = recording;
	const { reason } = opening;
	try {
		if (reason === null) return { ...opening, startedAt, words: undefined };
		const keys = await openTrackKeys({ recording: id, grants, opener: opener() });
		const words = await openReason({ recording: id, keys, opening: { ...opening, reason } });
		return { ...opening, startedAt, words };
	} catch {
		// That it was opened is told even where the words are not to be read.
		return { ...opening, startedAt, words: undefined };
	}
}

/** Who opened recordings of this member since she last looked. */
export class OpeningsHere {
	list = $state.raw<readonly OpenedByOther[]>([]);
	failure = $state.raw<unknown>();

	async load(): Promise<void> {
		if (account.state !== 'unlocked' || account.member.role === 'scheduler') return;
		try {
			const { openings } = await fetchJson(Openings, { path: '/api/openings' });
			this.list = await Promise.all(openings.map(read));
			this.failure = undefined;
		} catch (error) {
			this.failure = error;
		}
	}

	/** She knows. */
	async seen(id: string): Promise<void> {
		try {
			await request({ method: 'POST', path: `/api/openings/${id}/seen` });
			this.list = this.list.filter((one) => one.id !== id);
			this.failure = undefined;
		} catch (error) {
			this.failure = error;
		}
	}
}
