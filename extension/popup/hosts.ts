import * as v from 'valibot';
import { api } from '../chrome.ts';

const Manifest = v.object({ host_permissions: v.optional(v.array(v.string()), []) });

/** The servers that this build is for. One on this machine has no address here: its port is not known. */
export function hosts(): { readonly origin: string; readonly host: string }[] {
	const { host_permissions: matches } = v.parse(Manifest, api.runtime.getManifest());
	return matches
		.filter((match) => match.startsWith('https://') && !match.includes('*.'))
		.map((match) => new URL(match.replace('*', '')))
		.map(({ origin, host }) => ({ origin, host }));
}
