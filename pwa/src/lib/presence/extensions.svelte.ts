import { account } from '#lib/account/account.svelte.ts';
import { protocolVersion } from '#protocol/version.ts';
import { type Listed, fetchDevices, removeDevice } from './devices.ts';
import { type Extension, findExtension } from './extension.ts';
import { Pair } from './pair.svelte.ts';
import { publishNames } from './publish.ts';

/** How often, and how many times, the list is read again until a new pairing is connected. */
const lookMs = 1_000;
const looksMax = 5;

/** The screen of paired browsers: the one in this browser, and the list. */
export class Extensions {
	/** The extension in this browser; null when there is none, undefined until it is known. */
	here = $state.raw<Extension | null>();
	list = $state.raw<readonly Listed[]>();
	failure = $state.raw<unknown>();
	readonly pair = new Pair();
	/** What it is paired as at this practice. */
	readonly #paired = $derived(
		this.here?.paired.find(({ practice }) => practice === account.practice.id),
	);

	/** Id on the list of the extension in this browser. */
	readonly device = $derived(
		this.list?.some(({ id }) => id === this.#paired?.device) ? this.#paired?.device : undefined,
	);
	/** Paired for another member of this practice. */
	readonly othersHere = $derived(
		this.#paired !== undefined && this.#paired.member !== account.member.id,
	);
	readonly outdated = $derived(this.here ? this.here.version !== protocolVersion : false);

	/** Never throws: see `failure`. */
	async load(): Promise<void> {
		try {
			const [here, list] = await Promise.all([findExtension(), fetchDevices()]);
			[this.here, this.list] = [here ?? null, list];
			this.failure = undefined;
		} catch (error) {
			this.failure = error;
		}
	}

	async pairHere(): Promise<void> {
		if (!this.here) return;
		const paired = await this.pair.run(this.here);
		await this.load();
		if (!paired) return;
		try {
			await publishNames();
		} catch (error) {
			this.failure = error;
		}
		await this.#untilConnected();
	}

	/** The extension connects by itself as soon as it is paired; the list then says so. */
	async #untilConnected(): Promise<void> {
		for (let tries = 0; tries < looksMax; tries++) {
			const here = this.list?.find(({ id }) => id === this.device);
			if (!here || here.seenAt === null) return;
			await new Promise((resolve) => setTimeout(resolve, lookMs));
			await this.load();
		}
	}

	async remove(id: string): Promise<void> {
		try {
			await removeDevice(id);
			this.failure = undefined;
		} catch (error) {
			this.failure = error;
		}
		await this.load();
	}
}
