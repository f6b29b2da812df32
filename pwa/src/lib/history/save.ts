/** Gives the browser's user a file to keep. */
export function save(name: string, type: string, text: string): void {
	saveBytes(name, new Blob([text], { type }));
}

export function saveBytes(name: string, bytes: Blob): void {
	const url = URL.createObjectURL(bytes);
	const link = document.createElement('a');
	link.href = url;
	link.download = name;
	link.click();
	// The browser has read it by then.
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
