import * as v from 'valibot';
import { isApiError } from '#lib/net/errors.ts';
import { settings } from '#lib/people/settings.svelte.ts';
import { type Listed, fetchDevices } from '#lib/presence/devices.ts';
import { type Extension, askExtension, findExtension } from '#lib/presence/extension.ts';
import { deleteRecording } from '#lib/recordings/store.ts';
import {
	CaptureBegun,
	type CaptureRefusal,
	CaptureRefused,
	CaptureWanted,
} from '#protocol/capture.ts';
import { type CaptureWish, makeTicket } from './ticket.ts';

/** `practice`: it does not record. */
export type Refusal = CaptureRefusal | 'practice';

/** What to do about an extension that gave no answer. */
const unlessSilent =
	<Result>(act: () => Promise<Result>) =>
	(error: unknown): Promise<Result> => {
		if (!isApiError(error, 'bad-answer')) throw error;
		return act();
	};

/** What the extension asks for, and what the user answers. */
export class Capture {
	state = $state<'asking' | 'ready' | 'starting' | 'begun' | 'refused'>('asking');
	refusal = $state<Refusal>('gone');
	failure = $state.raw<unknown>();
	/** Of the tab. */
	title = $state('');
	readonly #request: string;
	#extension: Extension | undefined;
	#device: Listed | undefined;

	constructor(request: string) {
		this.#request = request;
	}

	/** Asks the extension which tab it is. Never throws: see `failure`. */
	load(): Promise<void> {
		return this.#trying(async () => {
			if (!settings.loaded) await settings.load();
			if (!settings.recording) return this.#refuse('practice');
			this.#extension = await findExtension();
			if (!this.#extension) return this.#refuse('gone');
			const request = this.#request;
			const schema = v.union([CaptureWanted, CaptureRefused]);
			const wanted = await askExtension(schema, this.#extension, {
				type: 'capture-wanted',
				request,
			});
			if ('refused' in wanted) return this.#refuse(wanted.refused);
			// Keys are wrapped for an extension that this member paired, and for no other.
			const devices = await fetchDevices();
			this.#device = devices.find(({ id, certified }) => id === wanted.device && certified);
			if (!this.#device) return this.#refuse('gone');
			this.title = wanted.title;
			this.state = 'ready';
		});
	}

	start(wish: CaptureWish): Promise<void> {
		return this.#trying(async () => {
			const [extension, device] = [this.#extension, this.#device];
			if (!extension || !device) return;
			this.state = 'starting';
			const ticket = await makeTicket(wish, device);
			const schema = v.union([CaptureBegun, CaptureRefused]);
			const request = this.#request;
			const asked = { type: 'capture-begin', request, ticket } as const;
			const ask = () => askExtension(schema, extension, asked);
			// Its service worker may end in the middle of it, and then does not answer: it may have begun.
			const begun = await ask()
				.catch(unlessSilent(ask))
				.catch(unlessSilent(async () => ({ refused: 'failed' as const })));
			if (!('refused' in begun)) {
				this.state = 'begun';
				return;
			}
			this.#refuse(begun.refused);
			// Nothing was recorded, so nothing is to be listed.
			await deleteRecording(ticket.recording);
		});
	}

	/** The extension closes this page. */
	async drop(): Promise<void> {
		const request = this.#request;
		if (this.#extension)
			await askExtension(CaptureRefused, this.#extension, { type: 'capture-dropped', request });
		this.#refuse('gone');
	}

	#refuse(refusal: Refusal): void {
		this.refusal = refusal;
		this.state = 'refused';
	}

	async #trying(work: () => Promise<void>): Promise<void> {
		this.failure = undefined;
		try {
			await work();
		} catch (error) {
			this.failure = error;
			if (this.state === 'starting') this.state = 'ready';
		}
	}
}
