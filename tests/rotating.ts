import { type App, openApp } from './app.ts';

/** What replaces keys, in the browser that was opened last. */
export async function renewing(app: App) {
	const [rotation, regive, roll, session, settings, make] = await Promise.all([
		import('../pwa/src/lib/vault/rotation.ts'),
		import('../pwa/src/lib/vault/regive.ts'),
		import('../pwa/src/lib/sessions/roll.ts'),
		import('../pwa/src/lib/sessions/session.ts'),
		import('../pwa/src/lib/people/settings.svelte.ts'),
		import('../pwa/src/lib/schedule/make.ts'),
	]);
	return { ...app, ...rotation, ...regive, ...roll, ...session, ...settings, ...make };
}
export type Renewing = Awaited<ReturnType<typeof renewing>>;

/** A browser of its own. */
export const browser = async (address: string): Promise<Renewing> =>
	renewing(await openApp(address));

/** Ends every session of hers that has not ended. */
export async function endAll(app: Renewing): Promise<void> {
	for (const { id, state } of await app.fetchRoll(0, 8_640_000_000_000_000))
		if (state !== 'ended')
			await app.request({ method: 'POST', path: `/api/sessions/${id}/cancel` });
}

/** Whether this browser opens the keys of a recording. */
export async function opens(app: App, id: string): Promise<boolean> {
	const { grants } = await app.fetchRecording(id);
	return app.openTrackKeys({ recording: id, grants, opener: app.opener() }).then(
		(keys) => keys.has(id),
		() => false,
	);
}
