import type { Epoch } from '#crypto/group/group.ts';
import type { Devices } from './devices.svelte.ts';
import type { Entry } from './entry.ts';
import type { Media } from './media.ts';
import type { CallMessage } from './messages.ts';
import { type Pictures, limitsFor, picturesOn } from './pictures.ts';

interface Parts {
	readonly room: { readonly epoch: Pick<Epoch, 'me' | 'hasRecorder'> | undefined };
	readonly media: Pick<Media, 'withoutPictures'>;
	readonly devices: Pick<Devices, 'audio' | 'video' | 'muted' | 'sharing'>;
	readonly entries: () => readonly Entry[];
	/** The connection that one's own frames are copied from. */
	readonly primary: () => string | null;
	/** To one person, over the data channel. */
	readonly tell: (key: string, message: CallMessage) => Promise<boolean>;
}

/** What one's own page sends to each of the others: how large pictures, or none, and what its devices do. */
export class Sending {
	readonly #parts: Parts;
	readonly #pictures = new WeakMap<Entry, Pictures>();

	constructor(parts: Parts) {
		this.#parts = parts;
	}

	/** Makes what is sent fit who is there, what each of them wants, and whether it is recorded. */
	limit(): void {
		const { room, media, devices, primary } = this.#parts;
		const entries = this.#parts.entries();
		const people = entries.filter((entry) => !entry.early).length + 1;
		const limits = limitsFor(people, devices.sharing);
		const call = {
			recorded: room.epoch?.hasRecorder ?? false,
			isHost: room.epoch?.me.role === 'host',
		};
		const first = primary();
		const quiet: string[] = [];
		for (const entry of entries) {
			const { soundOnly, host, tie, peer } = entry;
			const link = tie?.link ?? '';
			const pictures = picturesOn({ soundOnly, host, primary: link === first }, call);
			if (pictures !== 'sent') quiet.push(link);
			void peer?.setLimits({ ...limits, paused: pictures === 'none' }).catch(() => {});
			// Whoever sees her again has none of the pictures before.
			if (pictures === 'sent' && this.#pictures.get(entry) === 'copied')
				void peer?.sendKeyFrame().catch(() => {});
			this.#pictures.set(entry, pictures);
		}
		void media.withoutPictures(quiet);
	}

	async tellDevices(): Promise<void> {
		const { devices, entries, tell } = this.#parts;
		const message = {
			type: 'devices',
			microphone: devices.audio !== null && !devices.muted,
			camera: devices.video !== null && !devices.sharing,
			screen: devices.sharing,
		} as const;
		for (const { key } of entries()) await tell(key, message);
	}
}
