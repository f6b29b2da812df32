/** Whether this origin holds sealed bytes in a folder of `OpfsShelf`; costs nothing where nothing was ever recorded. */
export async function holdsAny(folder: string): Promise<boolean> {
	const root = await navigator.storage.getDirectory();
	for await (const [name, handle] of root.entries())
		if (name === folder && handle instanceof FileSystemDirectoryHandle)
			for await (const _ of handle.keys()) return true;
	return false;
}
