/** Where a copy goes, a piece at a time. */
export interface Destination {
	readonly stream: WritableStream<Uint8Array>;
	/** Gives the file to the browser's user, after everything was written. */
	finish(): Promise<void>;
	/** Leaves nothing behind. */
	discard(): Promise<void>;
}

interface SavePicker {
	showSaveFilePicker(options: { suggestedName: string }): Promise<FileSystemFileHandle>;
}

const hasPicker = (scope: object): scope is SavePicker => 'showSaveFilePicker' in scope;

const folderName = 'sotto-copies';
/** The browser has read the file by then. */
const readMs = 60_000;

async function folder(): Promise<FileSystemDirectoryHandle> {
	const root = await navigator.storage.getDirectory();
	return root.getDirectoryHandle(folderName, { create: true });
}

/** Older than any copy that is still being written or read. */
const leftMs = 60 * 60_000;

/** Deletes what a page left in the browser's own storage when it was closed too early. */
export async function sweepCopies(now: number): Promise<void> {
	const root = await navigator.storage?.getDirectory?.();
	if (!root || hasPicker(globalThis)) return;
	const within = await folder();
	for await (const [name, handle] of within.entries()) {
		if (!(handle instanceof FileSystemFileHandle)) continue;
		const { lastModified } = await handle.getFile();
		if (lastModified < now - leftMs) await within.removeEntry(name);
	}
}

/**
 * Asks where to save a file: a place on the disk that the user picks; without such a picker the browser's own storage
 * first, from which it is downloaded and then deleted. Call it in the very click. Throws AbortError when she picks none.
 */
export async function destination(name: string): Promise<Destination> {
	const scope: object = globalThis;
	if (hasPicker(scope)) {
		const handle = await scope.showSaveFilePicker({ suggestedName: name });
		const stream = await handle.createWritable();
		// Until it is closed the browser writes beside the file; aborted, there is none.
		return { stream, finish: async () => undefined, discard: async () => undefined };
	}
	const within = await folder();
	const handle = await within.getFileHandle(`${crypto.randomUUID()}.part`, { create: true });
	const discard = async () => within.removeEntry(handle.name);
	return {
		stream: await handle.createWritable(),
		finish: async () => {
			const url = URL.createObjectURL(await handle.getFile());
			const link = document.createElement('a');
			link.href = url;
			link.download = name;
			link.click();
			setTimeout(() => {
				URL.revokeObjectURL(url);
				discard().catch(() => undefined);
			}, readMs);
		},
		discard,
	};
}
