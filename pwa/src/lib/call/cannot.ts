/** What a call goes on without, in a browser that lacks it. */
export type Lack = 'share' | 'awake' | 'small';

/** The parts of a browser that are looked at. */
export interface Abilities {
	readonly navigator: object & { readonly mediaDevices?: object };
	readonly document: { readonly pictureInPictureEnabled?: boolean };
}

/** What this browser cannot do in a call; whoever waits reads it before she joins. */
export function lacks(browser: Abilities): readonly Lack[] {
	const { navigator, document } = browser;
	return [
		...('getDisplayMedia' in (navigator.mediaDevices ?? {}) ? [] : (['share'] as const)),
		...('wakeLock' in navigator ? [] : (['awake'] as const)),
		...(document.pictureInPictureEnabled === true ? [] : (['small'] as const)),
	];
}
