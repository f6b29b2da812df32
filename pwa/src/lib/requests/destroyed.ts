import { isApiError } from '#lib/net/errors.ts';
import { type Opened, fetchRecording, openRecording } from '#lib/recordings/store.ts';
import { peopleWithMedia } from '#lib/rewrite/destroy.ts';
import { isAskedBy } from './answer.ts';
import { Tasks } from './tasks.svelte.ts';

/** Whether this is a copy of the same recording, and without a track of that person. False where this device cannot tell. */
async function isCopyWithout(
	id: string,
	{ root, person }: { root: string; person: number },
): Promise<boolean> {
	try {
		const copy = await openRecording(await fetchRecording(id));
		return copy.manifest.derivedFrom?.root === root && !peopleWithMedia(copy).includes(person);
	} catch (error) {
		return isApiError(error, 'gone');
	}
}

/**
 * One person's track is destroyed: what she asked to be deleted is done, where there is nothing else of that session but copies
 * of this recording that have lost her too. What is left open of it, because there is another recording, in which she may be
 * under another key, or what this one was made from, or because she asked without a key, is answered by hand. Throws `ApiError`.
 */
export async function closeDestroyed({ manifest }: Opened, person: number): Promise<void> {
	const key = manifest.people.find(({ id }) => id === person)?.key;
	if (key === undefined) return;
	const tasks = new Tasks();
	await tasks.load();
	const { recording } = manifest;
	const root = manifest.derivedFrom?.root ?? recording;
	for (const task of tasks.open.filter((one) => isAskedBy(one, { recording, key }))) {
		const others = task.recordings.filter((id) => id !== recording);
		const gone = await Promise.all(others.map((id) => isCopyWithout(id, { root, person })));
		if (gone.includes(false)) continue;
		await tasks.answer(task, { state: 'done' }, '').catch((error: unknown) => {
			if (!isApiError(error, 'conflict')) throw error;
		});
	}
}
