/** Whether single letters are keys of the player in this browser; see `commandOf`. */
const keptAs = 'player single keys';

export const singleKeys = (): boolean => localStorage.getItem(keptAs) !== 'off';

export function keepSingleKeys(single: boolean): void {
	if (single) localStorage.removeItem(keptAs);
	else localStorage.setItem(keptAs, 'off');
}
