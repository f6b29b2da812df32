/** The cameras, microphones and loudspeakers of this browser, as far as it names them. */
export class Choices {
	cameras = $state.raw<readonly MediaDeviceInfo[]>([]);
	microphones = $state.raw<readonly MediaDeviceInfo[]>([]);
	loudspeakers = $state.raw<readonly MediaDeviceInfo[]>([]);

	/** Reads them now and whenever one is plugged in or out, until the answer is called. */
	watch(): () => void {
		const { mediaDevices } = navigator;
		const read = (): void => void this.read();
		read();
		mediaDevices.addEventListener('devicechange', read);
		return () => mediaDevices.removeEventListener('devicechange', read);
	}

	async read(): Promise<void> {
		const all = await navigator.mediaDevices.enumerateDevices().catch(() => []);
		// Before anybody allowed one, a browser gives them without names: nothing to choose from.
		const named = (kind: MediaDeviceKind): MediaDeviceInfo[] =>
			all.filter((one) => one.kind === kind && one.label !== '' && one.deviceId !== '');
		this.cameras = named('videoinput');
		this.microphones = named('audioinput');
		this.loudspeakers = 'setSinkId' in HTMLMediaElement.prototype ? named('audiooutput') : [];
	}
}
