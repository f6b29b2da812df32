/** Gives the browser's user a file to keep. */
export function save(name: string, type: string, text: string): void {
	const url = URL.createObjectURL(new Blob([text], { type }));
	const link = document.createElement('a');
	link.href = url;
	link.download = name;
	link.click();
	// The browser has read it by then.
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
