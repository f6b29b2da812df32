/** Keeps the screen on, as long as the page is looked at, until the answer is called. */
export function keepAwake(): () => void {
	let lock: WakeLockSentinel | undefined;
	let over = false;
	const take = async (): Promise<void> => {
		if (over || document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
		// Refused when the battery is low: the call goes on all the same.
		const taken = await navigator.wakeLock.request('screen').catch(() => undefined);
		if (over) await taken?.release();
		else lock = taken;
	};
	// A browser lets go of it whenever the page is hidden.
	const again = (): void => void take();
	document.addEventListener('visibilitychange', again);
	again();
	return () => {
		over = true;
		document.removeEventListener('visibilitychange', again);
		void lock?.release();
	};
}
