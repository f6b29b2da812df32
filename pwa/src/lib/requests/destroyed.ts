import { isApiError } from '#lib/net/errors.ts';
import type { Opened } from '#lib/recordings/store.ts';
import { isAskedBy } from './answer.ts';
import { Tasks } from './tasks.svelte.ts';

/**
 * One person's track is destroyed: what she asked to be deleted is done. What is left open of it, because there is another
 * recording of that session, or because she asked without a key, is answered by hand. Throws `ApiError`.
 */
export async function closeDestroyed({ manifest }: Opened, person: number): Promise<void> {
	const key = manifest.people.find(({ id }) => id === person)?.key;
	if (key === undefined) return;
	const tasks = new Tasks();
	await tasks.load();
	const { recording } = manifest;
	for (const task of tasks.open.filter((one) => isAskedBy(one, { recording, key })))
		await tasks.answer(task, { state: 'done' }, '').catch((error: unknown) => {
			if (!isApiError(error, 'conflict')) throw error;
		});
}
