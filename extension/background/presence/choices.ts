import { localTime, viewerZone } from '#lib/time.ts';
import { api } from '../../chrome.ts';
import type { Choices } from '../../shared/state.ts';
import { choicesKey, parseChoices } from '../../shared/stored.ts';
import { isQuiet } from './quiet.ts';

/** What the user chose in the settings, or what holds as installed. */
export async function readChoices(): Promise<Choices> {
	const { [choicesKey]: stored } = await api.storage.local.get(choicesKey);
	return parseChoices(stored);
}

/** Whether it is quiet now, by the clock on this machine's wall. */
export function isQuietNow({ quiet }: Choices): boolean {
	const [hours = 0, minutes = 0] = localTime(Date.now(), viewerZone()).time.split(':').map(Number);
	return isQuiet(quiet, hours * 60 + minutes);
}
