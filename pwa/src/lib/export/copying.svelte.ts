import { account } from '#lib/account/account.svelte.ts';
import { tellCopy } from '#lib/requests/disclosure.ts';
import type { Disclosed } from '#lib/requests/told.ts';
import type { Outline } from '#lib/recordings/outline.ts';
import type { Opened } from '#lib/recordings/store.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
import { type AgeWish, ageStream, checkAge } from './age.ts';
import { archiveBytesMax, streamOf, zipped } from './archive.ts';
import { copyBytes, copyFiles, copyable } from './copy.ts';
import { type Destination, destination } from './destination.ts';
import { CopyError } from './errors.ts';
import { copyApi, copyTexts } from './texts.ts';
import { vouchFor } from './vouch.ts';
import { copyWords } from './words.ts';

export interface CopyingWish {
	readonly opened: Opened;
	readonly outline: Outline;
	readonly history: readonly HistoryRow[];
	/** Whose part; undefined: everybody's, with what the recorder signed. */
	readonly person: string | undefined;
	/** Undefined: a plain zip, which whoever has it can open. */
	readonly age: AgeWish | undefined;
	readonly told: Omit<Disclosed, 'v' | 'people'>;
	/** What the law forbids whoever gets it, where it does. */
	readonly warning: string | undefined;
	/** Name of the file, without its end. */
	readonly name: string;
}

/** A copy that is being written. It goes on while other pages are looked at, and ends with its keys when they are locked. */
class Copying {
	/** Of which recording; undefined while nothing was asked for. */
	recording = $state<string>();
	state = $state<'writing' | 'done' | 'failed'>();
	/** From 0 to 1. */
	progress = $state(0);
	failure = $state.raw<unknown>();
	#end = new AbortController();

	/** Writes a copy; call it in the very click. Resolves when it is done, has failed, or was cancelled. */
	async start(wish: CopyingWish): Promise<void> {
		if (this.state === 'writing') return;
		const end = new AbortController();
		this.#end = end;
		this.recording = wish.opened.recording.id;
		[this.state, this.progress, this.failure] = ['writing', 0, undefined];
		let to: Destination | undefined;
		try {
			const people = this.#people(wish);
			if (wish.age) await checkAge(wish.age);
			to = await destination(`${wish.name}.zip${wish.age ? '.age' : ''}`);
			await this.#write({ wish, people, to, signal: end.signal });
			this.state = 'done';
		} catch (error) {
			await to?.discard().catch(() => undefined);
			const cancelled = error instanceof DOMException && error.name === 'AbortError';
			[this.state, this.failure] = cancelled ? [undefined, undefined] : ['failed', error];
		}
	}

	cancel(): void {
		this.#end.abort();
	}

	/** Says nothing more of the copy before. */
	forget(): void {
		if (this.state !== 'writing') this.state = undefined;
	}

	/** Throws `copy-too-large`, before anybody is asked where to put it. */
	#people({ opened, outline, person }: CopyingWish) {
		const all = copyable(outline, opened.keys);
		const people = person === undefined ? all : all.filter(({ id }) => id === person);
		if (copyBytes(people) > archiveBytesMax) throw new CopyError('copy-too-large');
		return people;
	}

	async #write(options: {
		wish: CopyingWish;
		people: ReturnType<typeof copyable>;
		to: Destination;
		signal: AbortSignal;
	}): Promise<void> {
		const { wish, people, to, signal } = options;
		const { opened, outline, person, history, warning } = wish;
		const { id } = opened.recording;
		const api = copyApi();
		const ids = new Set(people.map((one) => one.id));
		const whole = person === undefined;
		const texts = await copyTexts({ opened, people: ids, whole, history, api, signal });
		const names = people.map(({ name }) => name);
		// Before the first byte: a copy that nobody wrote down would be worse than one that was not finished.
		await tellCopy(id, { ...wish.told, people: names });
		const at = Date.now();
		const { member, identity, practice } = account;
		const author = { id: member.id, name: member.name, signing: identity.signing };
		const by = { author, practice: practice.name };
		const total = Math.max(1, copyBytes(people));
		const files = copyFiles({
			manifest: whole ? opened.manifest : { ...opened.manifest, title: '' },
			outline,
			keys: opened.keys,
			source: ({ track, part }, { from, to: bytes }) =>
				api.objectBytes({ recording: id, track, part, from, bytes }, signal),
			people: ids,
			texts,
			words: copyWords({ opened, outline, whole, warning }),
			at,
			vouch: (written) => vouchFor({ ...by, manifest: opened.manifest, at }, written),
			signal,
			onprogress: (bytes) => void (this.progress = Math.min(1, bytes / total)),
		});
		const plain = streamOf(zipped(files, { at }));
		const stream = wish.age ? await ageStream(plain, wish.age) : plain;
		await stream.pipeTo(to.stream, { signal });
		await to.finish();
	}
}

export const copying = new Copying();
