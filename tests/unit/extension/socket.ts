/** A WebSocket whose other end is the test. */
export class Socket extends EventTarget {
	static readonly OPEN = 1;
	/** Those that were opened. */
	static readonly all: Socket[] = [];
	readonly readyState = 1;
	/** Codes with which it was closed. */
	readonly closed: number[] = [];

	constructor() {
		super();
		Socket.all.push(this);
	}

	/** What is sent is heard by nobody. */
	send(): void {}

	close(code: number): void {
		this.closed.push(code);
	}

	/** The other end says something. */
	say(text: string): void {
		this.dispatchEvent(new MessageEvent('message', { data: text }));
	}
}
