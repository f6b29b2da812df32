import { forgetHabits, keepHabits, readHabits } from './habits.ts';

/** Why a camera or microphone is not there, in words of its own on the screen. */
export type DeviceTrouble = 'refused' | 'missing' | 'in-use' | 'failed';

const videoShape = {
	width: { ideal: 640 },
	height: { ideal: 360 },
	frameRate: { ideal: 30, max: 30 },
} satisfies MediaTrackConstraints;
const audioShape = {
	echoCancellation: true,
	noiseSuppression: true,
	autoGainControl: true,
} satisfies MediaTrackConstraints;

/** The call was over before the person had answered the browser's question. */
class TooLate extends Error {
	override readonly name = 'TooLate';
}

function troubleOf(error: unknown): DeviceTrouble | null {
	if (error instanceof TooLate) return null;
	if (!(error instanceof DOMException)) return 'failed';
	if (error.name === 'NotAllowedError' || error.name === 'SecurityError') return 'refused';
	if (error.name === 'NotFoundError' || error.name === 'OverconstrainedError') return 'missing';
	if (error.name === 'NotReadableError' || error.name === 'AbortError') return 'in-use';
	return 'failed';
}

/** This browser's camera, microphone and screen. Each can be missing without stopping the other. */
export class Devices {
	audio = $state.raw<MediaStreamTrack | null>(null);
	video = $state.raw<MediaStreamTrack | null>(null);
	audioTrouble = $state<DeviceTrouble | null>(null);
	videoTrouble = $state<DeviceTrouble | null>(null);
	/** The person muted the microphone. */
	muted = $state(false);
	/** What is sent as picture: the camera, the screen, or nothing. */
	sharing = $state(false);
	asking = $state(false);
	/** Sound alone: no picture is sent, and none is wanted. */
	soundOnly = $state(false);
	/** The loudspeaker; '' is the one of the system. */
	sink = $state('');
	/** What was chosen from a menu; '' leaves it to the system. */
	chosen = $state({ audio: '', video: '' });
	/** The picture in the own tile. */
	readonly preview = $derived.by(() => (this.video ? new MediaStream([this.video]) : null));
	#camera: MediaStreamTrack | null = null;
	#held = false;
	#cameraOff = false;
	#closes = 0;
	#session: string | undefined;
	/** Tells the connections what to send now. */
	changed: (kind: 'audio' | 'video', track: MediaStreamTrack | null) => void = () => {};

	/** Whether nobody asked for them yet. */
	get untried(): boolean {
		return !this.audio && !this.video && !this.audioTrouble && !this.videoTrouble && !this.asking;
	}

	/** Opens both where the person allowed it before, so that nothing is asked. */
	async openIfAllowed(): Promise<void> {
		const names = ['camera', 'microphone'] as const;
		const states = await Promise.all(
			names.map((name) => navigator.permissions.query({ name }).catch(() => undefined)),
		);
		if (states.every((state) => state?.state === 'granted')) await this.openAgain();
	}

	/** A page of this session that is loaded again in this tab is as it was left: muted, without camera, or with sound alone. */
	remember(session: string): void {
		this.#session = session;
		const { muted, cameraOff, soundOnly } = readHabits(session);
		this.mute(muted);
		this.#cameraOff = cameraOff;
		this.soundOnly = soundOnly;
	}

	#keep(): void {
		const { muted, soundOnly } = this;
		if (this.#session !== undefined)
			keepHabits(this.#session, { muted, soundOnly, cameraOff: this.#cameraOff });
	}

	/** Nothing is known any more of how this tab took part. */
	forget(): void {
		if (this.#session !== undefined) forgetHabits(this.#session);
		this.#session = undefined;
	}

	/** Asks for both; where one fails the other is kept, and the trouble says why. */
	async open(): Promise<void> {
		this.#wantPicture();
		await this.#openBoth(true);
	}

	/** As `open`, but a camera that was switched off before stays off. */
	async openAgain(): Promise<void> {
		await this.#openBoth(!this.#cameraOff && !this.soundOnly);
	}

	async #openBoth(camera: boolean): Promise<void> {
		this.asking = true;
		try {
			await Promise.all([this.#openAudio(), camera && this.openCamera()]);
		} finally {
			this.asking = false;
		}
	}

	/** Whoever shows herself wants more than sound. */
	#wantPicture(): void {
		this.#cameraOff = false;
		this.soundOnly = false;
		this.#keep();
	}

	/** Sound alone, for a weak line, or pictures again; one's own comes with its button. */
	listenOnly(on: boolean): void {
		this.soundOnly = on;
		if (on) {
			this.stopSharing();
			this.#cameraOff = true;
			this.closeCamera();
		}
		this.#keep();
	}

	/** What is allowed only after everything was switched off stays off. */
	async #ask(wanted: MediaStreamConstraints): Promise<MediaStream> {
		const closes = this.#closes;
		const stream = await navigator.mediaDevices.getUserMedia(wanted);
		if (closes === this.#closes) return stream;
		for (const track of stream.getTracks()) track.stop();
		throw new TooLate();
	}

	async #openAudio(): Promise<void> {
		if (this.audio?.readyState === 'live') return;
		try {
			const stream = await this.#ask({
				audio: { ...audioShape, ...this.#wanted('audio') },
			});
			const track = stream.getAudioTracks()[0];
			if (track) return this.#takeMicrophone(track);
			this.audioTrouble = 'missing';
		} catch (error) {
			this.audioTrouble = troubleOf(error);
		}
		this.changed('audio', this.audio);
	}

	#wanted(kind: 'audio' | 'video'): MediaTrackConstraints {
		const deviceId = this.chosen[kind];
		return deviceId === '' ? {} : { deviceId: { exact: deviceId } };
	}

	/** Goes over to another camera or microphone. False: it did not start, and what was used before goes on. */
	async use(kind: 'audio' | 'video', deviceId: string): Promise<boolean> {
		const before = this.chosen;
		this.chosen = { ...before, [kind]: deviceId };
		// Choosing a camera does not switch it on.
		if (kind === 'video' && !this.#camera && !this.videoTrouble) return true;
		const shape = kind === 'audio' ? audioShape : videoShape;
		try {
			const wanted = { ...shape, ...this.#wanted(kind) };
			const stream = await this.#ask({ [kind]: wanted });
			const [track] = stream.getTracks();
			if (!track) throw new DOMException('', 'NotFoundError');
			if (kind === 'audio') this.#takeMicrophone(track);
			else this.#takeCamera(track);
			return true;
		} catch (error) {
			if (!(error instanceof DOMException || error instanceof TooLate)) throw error;
			this.chosen = before;
			return false;
		}
	}

	#takeMicrophone(track: MediaStreamTrack): void {
		this.audio?.stop();
		track.enabled = !this.muted && !this.#held;
		track.addEventListener('ended', () => {
			if (this.audio === track) this.audioTrouble = 'missing';
		});
		this.audio = track;
		this.audioTrouble = null;
		this.changed('audio', track);
	}

	#takeCamera(track: MediaStreamTrack): void {
		this.#camera?.stop();
		this.#camera = track;
		this.videoTrouble = null;
		track.addEventListener('ended', () => {
			if (this.#camera !== track) return;
			this.videoTrouble = 'missing';
			this.closeCamera();
		});
		if (!this.sharing) this.#show(track);
	}

	async openCamera(): Promise<void> {
		if (this.#camera?.readyState === 'live') return;
		try {
			const stream = await this.#ask({
				video: { ...videoShape, ...this.#wanted('video') },
			});
			const track = stream.getVideoTracks()[0];
			if (track) return this.#takeCamera(track);
			this.videoTrouble = 'missing';
		} catch (error) {
			this.videoTrouble = troubleOf(error);
		}
		if (!this.sharing) this.#show(this.#camera);
	}

	/** On if it was off, and off if it was on; a screen that is shared stays. */
	async switchCamera(): Promise<void> {
		if (this.sharing) return;
		if (this.#camera) {
			this.#cameraOff = true;
			this.closeCamera();
			this.#keep();
			return;
		}
		this.#wantPicture();
		await this.openCamera();
	}

	/** The light beside the lens goes out too. */
	closeCamera(): void {
		this.#camera?.stop();
		this.#camera = null;
		if (!this.sharing) this.#show(null);
	}

	mute(muted: boolean): void {
		this.muted = muted;
		if (this.audio) this.audio.enabled = !muted && !this.#held;
		this.#keep();
	}

	/** Silence and black from this very turn on, at the source: what a busy worker seals a moment later is that. */
	hold(held: boolean): void {
		this.#held = held;
		if (this.audio) this.audio.enabled = !held && !this.muted;
		if (this.video) this.video.enabled = !held;
	}

	/** Resolves false when the person chose nothing to show. */
	async share(): Promise<boolean> {
		const closes = this.#closes;
		try {
			const stream = await navigator.mediaDevices.getDisplayMedia({ video: true });
			const track = stream.getVideoTracks()[0];
			if (!track) return false;
			if (closes !== this.#closes) {
				track.stop();
				return false;
			}
			track.addEventListener('ended', () => this.stopSharing());
			this.sharing = true;
			this.soundOnly = false;
			this.#keep();
			this.#show(track);
			return true;
		} catch (error) {
			if (error instanceof DOMException) return false;
			throw error;
		}
	}

	stopSharing(): void {
		if (!this.sharing) return;
		this.sharing = false;
		this.video?.stop();
		this.#show(this.#camera);
	}

	#show(track: MediaStreamTrack | null): void {
		if (track) track.enabled = !this.#held;
		this.video = track;
		this.changed('video', track);
	}

	close(): void {
		this.#closes++;
		for (const track of [this.audio, this.video, this.#camera]) track?.stop();
		this.audio = null;
		this.video = null;
		this.#camera = null;
		this.#held = false;
		this.sharing = false;
	}
}
