import { concat } from '#crypto/bytes.ts';
import { readHead } from './ebml.ts';
import { ids } from './webm.ts';

export interface Element {
	readonly id: number;
	readonly body: Uint8Array;
}

/** Elements that hold others: only their heads are taken, so that nothing waits for a whole cluster. */
const containers: ReadonlySet<number> = new Set([ids.segment, ids.cluster]);

/** The elements of a WebM file as its bytes come; what is in a segment or a cluster comes one by one. */
export class ElementStream {
	#held: Uint8Array = new Uint8Array(0);

	/** The elements that are whole now; a torn end is kept for the next bytes. Throws RangeError for what is no EBML. */
	*push(bytes: Uint8Array): Generator<Element> {
		const all = this.#held.length === 0 ? bytes : concat(this.#held, bytes);
		let at = 0;
		for (;;) {
			const head = readHead(all, at);
			if (!head) break;
			if (containers.has(head.id)) {
				at = head.body;
				continue;
			}
			if (head.bodyBytes === null) throw new RangeError('unknown size');
			const end = head.body + head.bodyBytes;
			if (end > all.length) break;
			yield { id: head.id, body: all.subarray(head.body, end) };
			at = end;
		}
		this.#held = all.slice(at);
	}
}

/** The elements in the body of one. Throws RangeError for a torn one. */
export function* children(body: Uint8Array): Generator<Element> {
	for (let at = 0; at < body.length;) {
		const head = readHead(body, at);
		if (!head || head.bodyBytes === null) throw new RangeError('torn element');
		const end = head.body + head.bodyBytes;
		yield { id: head.id, body: body.subarray(head.body, end) };
		at = end;
	}
}
