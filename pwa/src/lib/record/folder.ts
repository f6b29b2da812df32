/** Recordings of which this origin holds sealed bytes in a folder of `OpfsShelf`; costs nothing where nothing was ever recorded. */
export async function listHeld(folder: string): Promise<string[]> {
	const root = await navigator.storage.getDirectory();
	const held: string[] = [];
	for await (const [name, handle] of root.entries())
		if (name === folder && handle instanceof FileSystemDirectoryHandle)
			for await (const recording of handle.keys()) held.push(recording);
	return held;
}

/** Whether there are any. */
export const holdsAny = async (folder: string): Promise<boolean> =>
	(await listHeld(folder)).length > 0;
