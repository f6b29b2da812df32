/** What runs in the pages of the slow tests, to tell what a person there sees and hears. Each function stands by itself, because it is sent as text. */

declare global {
	// oxlint-disable-next-line no-var
	var madeConnections: RTCPeerConnection[] | undefined;
}

/** Runs before a page's own scripts: keeps every connection that they make. */
export function keepConnections(): void {
	const kept: RTCPeerConnection[] = [];
	globalThis.madeConnections = kept;
	globalThis.RTCPeerConnection = class extends RTCPeerConnection {
		constructor(config?: RTCConfiguration) {
			super(config);
			kept.push(this);
		}
	};
}

/** Pictures of each person that were decoded so far, by her name; 0 where nothing comes. */
export async function decoded(names: readonly string[]): Promise<Record<string, number>> {
	const frames = new Map<string, number>();
	for (const connection of globalThis.madeConnections ?? []) {
		const report = connection.connectionState === 'connected' && (await connection.getStats());
		if (!report) continue;
		for (const one of report.values())
			if (one.type === 'inbound-rtp' && one.kind === 'video')
				frames.set(one.trackIdentifier, one.framesDecoded ?? 0);
	}
	const of = (name: string): number => {
		const video = document.querySelector<HTMLVideoElement>(`main video[aria-label="${name}"]`);
		const stream = video?.srcObject;
		const track = stream instanceof MediaStream ? stream.getVideoTracks()[0] : undefined;
		return video && video.videoWidth > 0 && track ? (frames.get(track.id) ?? 0) : 0;
	};
	return Object.fromEntries(names.map((name) => [name, of(name)]));
}

/** The strongest frequency in the sound of each person over some time, Hertz; 0 for silence. Taken from a recording, because a machine without loudspeakers starts no AudioContext in Firefox. */
export async function heard(ask: {
	readonly names: readonly string[];
	readonly ms: number;
}): Promise<Record<string, number>> {
	const record = async (stream: MediaStream): Promise<ArrayBuffer> => {
		const recorder = new MediaRecorder(stream);
		const parts: Blob[] = [];
		recorder.addEventListener('dataavailable', ({ data }) => parts.push(data));
		const stopped = new Promise((resolve) => recorder.addEventListener('stop', resolve));
		recorder.start();
		setTimeout(() => recorder.stop(), ask.ms);
		await stopped;
		return new Blob(parts).arrayBuffer();
	};
	/** By Goertzel's algorithm, every 10 Hertz where tones are. */
	const strongest = (samples: Float32Array, rate: number): number => {
		let [best, most] = [0, samples.length / 1000];
		for (let hertz = 300; hertz <= 3200; hertz += 10) {
			const factor = 2 * Math.cos((2 * Math.PI * hertz) / rate);
			let [s1, s2] = [0, 0];
			for (const sample of samples) [s1, s2] = [sample + factor * s1 - s2, s1];
			const power = Math.sqrt(Math.max(0, s1 * s1 + s2 * s2 - factor * s1 * s2));
			if (power > most) [best, most] = [hertz, power];
		}
		return best;
	};
	const listen = async (name: string): Promise<readonly [string, number]> => {
		const video = document.querySelector<HTMLVideoElement>(`main video[aria-label="${name}"]`);
		const stream = video?.srcObject;
		const tracks = stream instanceof MediaStream ? stream.getAudioTracks() : [];
		if (tracks.length === 0) return [name, 0];
		const file = await record(new MediaStream(tracks));
		const sound = await new OfflineAudioContext(1, 1, 16_000).decodeAudioData(file);
		return [name, strongest(sound.getChannelData(0), sound.sampleRate)];
	};
	return Object.fromEntries(await Promise.all(ask.names.map(listen)));
}

/** What is sent to each of the others now. */
export interface Sent {
	readonly width: number;
	readonly height: number;
	/** Encoded so far, and at what time by the report's clock, milliseconds. */
	readonly frames: number;
	readonly at: number;
}

/** Pictures as they are sent over each connection that stands. */
export async function sent(): Promise<Sent[]> {
	const all: Sent[] = [];
	for (const connection of globalThis.madeConnections ?? []) {
		if (connection.connectionState !== 'connected') continue;
		for (const one of (await connection.getStats()).values())
			if (one.type === 'outbound-rtp' && one.kind === 'video')
				all.push({
					width: one.frameWidth ?? 0,
					height: one.frameHeight ?? 0,
					frames: one.framesEncoded ?? 0,
					at: one.timestamp,
				});
	}
	return all;
}

/** Which of the connections that were made so far stand, by their place. */
export function connections(): number[] {
	const all = globalThis.madeConnections ?? [];
	return all.flatMap((one, at) => (one.connectionState === 'connected' ? [at] : []));
}

/** Whether the very same connections stand. */
export function stillStand(places: readonly number[]): boolean {
	const all = globalThis.madeConnections ?? [];
	return places.length > 0 && places.every((at) => all[at]?.connectionState === 'connected');
}

/** The longest time without a new picture of each person, milliseconds, until somebody else is seen. */
export async function longestPauses(ask: {
	readonly names: readonly string[];
	readonly until: string;
	/** No longer than this, milliseconds. */
	readonly most: number;
}): Promise<Record<string, number>> {
	const find = (name: string): HTMLVideoElement | null =>
		document.querySelector(`main video[aria-label="${name}"]`);
	const start = performance.now();
	const all = ask.names.map((name) => ({ name, frames: 0, since: start, longest: 0 }));
	while ((find(ask.until)?.videoWidth ?? 0) === 0 && performance.now() - start < ask.most) {
		await new Promise((resolve) => setTimeout(resolve, 100));
		for (const one of all) {
			const frames = find(one.name)?.getVideoPlaybackQuality().totalVideoFrames ?? 0;
			const now = performance.now();
			if (frames !== one.frames) [one.frames, one.since] = [frames, now];
			one.longest = Math.max(one.longest, now - one.since);
		}
	}
	return Object.fromEntries(all.map(({ name, longest }) => [name, Math.round(longest)]));
}

/** Mean bytes of a packet of sound that is sent, over some milliseconds. */
export async function sizes(ms: number): Promise<number> {
	const count = async (): Promise<[number, number]> => {
		const sum: [number, number] = [0, 0];
		for (const connection of globalThis.madeConnections ?? [])
			for (const one of (await connection.getStats()).values())
				if (one.type === 'outbound-rtp' && one.kind === 'audio') {
					sum[0] += one.bytesSent;
					sum[1] += one.packetsSent;
				}
		return sum;
	};
	const [bytes, packets] = await count();
	await new Promise((resolve) => setTimeout(resolve, ms));
	const [later, more] = await count();
	return (later - bytes) / (more - packets);
}
