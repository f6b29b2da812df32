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
