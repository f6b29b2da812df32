import * as v from 'valibot';
import { api } from '../chrome.ts';

/** Where a practice is opened in this browser: in the app out of our package, or in the web app that its server sends. */
export type Home = 'packaged' | 'web';

/** By origin of the server; in `storage.local`. Nothing of it is secret. */
const homesKey = 'homes';
const Homes = v.record(v.string(), v.picklist(['packaged', 'web']));

/** What was chosen for a practice's server; undefined where nothing was. */
export async function readHome(origin: string): Promise<Home | undefined> {
	return (await readHomes())[origin];
}

async function readHomes(): Promise<Readonly<Record<string, Home>>> {
	const { [homesKey]: stored } = await api.storage.local.get(homesKey);
	const parsed = v.safeParse(Homes, stored);
	return parsed.success ? parsed.output : {};
}

/** Keeps the choice for a practice's server. */
export async function writeHome(origin: string, home: Home): Promise<void> {
	await api.storage.local.set({ [homesKey]: { ...(await readHomes()), [origin]: home } });
}

/** Calls back whenever a choice changed. */
export function onHomesChanged(listener: () => void): void {
	api.storage.local.onChanged.addListener((changes) => {
		if (homesKey in changes) listener();
	});
}

/** The address of a screen of the packaged app, at a server: that of its one file, which needs no service worker. */
export function appAddress(server: string, path: string): string {
	const url = new URL(api.runtime.getURL('app/index.html'));
	url.search = new URLSearchParams({ server, path }).toString();
	return url.href;
}
