import { OpfsShelf } from '#lib/record/worker/opfs.ts';

/** Does with a shelf what the page says, in the only place where it can be done. */
const shelf = new OpfsShelf('recordings');
const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Wish {
	id: number;
	act: 'take' | 'append' | 'read' | 'list' | 'remove' | 'free' | 'release' | 'forget';
	recording: string;
	text?: string;
}

const disks = new Map<string, NonNullable<Awaited<ReturnType<OpfsShelf['take']>>>>();

async function answer({ act, recording, text = '' }: Wish): Promise<unknown> {
	const disk = disks.get(recording);
	if (act === 'take') {
		const taken = await shelf.take(recording);
		if (taken) disks.set(recording, taken);
		return taken !== undefined;
	}
	if (act === 'append') return disk?.append('a.strk', encoder.encode(text));
	if (act === 'read') return decoder.decode(await disk?.read('a.strk', 2, 100));
	if (act === 'list') return disk?.list();
	if (act === 'remove') return disk?.remove('a.strk');
	if (act === 'free') return (await shelf.free()).includes(recording);
	return shelf.release(recording, { remove: act === 'forget' });
}

self.addEventListener('message', async (event: MessageEvent<Wish>) => {
	self.postMessage({ id: event.data.id, result: await answer(event.data) });
});
