/** Where sealed bytes lie on this device: a folder of files that only grow. OPFS in a worker; see worker/opfs.ts. */
export interface Disk {
	/** Adds bytes to the end of a file, made when it is not there. They survive a crash once this resolves. */
	append(name: string, bytes: Uint8Array): Promise<void>;
	/** Bytes `from` up to, not including, `to`; fewer at the end of the file. */
	read(name: string, from: number, to: number): Promise<Uint8Array>;
	list(): Promise<{ name: string; bytes: number }[]>;
	remove(name: string): Promise<void>;
	/** Lets go of all files. */
	close(): Promise<void>;
}

/** Folders of sealed recordings on this device; each is in the hands of one worker at a time. */
export interface Shelf {
	/** The folder of a recording, made when it is not there. Undefined when another tab has it. */
	take(recording: string): Promise<Disk | undefined>;
	/** Recordings that have a folder which nobody has taken. */
	free(): Promise<string[]>;
	/** Lets go of a folder; `remove` removes it with all that is in it. */
	release(recording: string, options: { remove: boolean }): Promise<void>;
}
