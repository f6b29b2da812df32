import * as v from 'valibot';
import { RecorderRequest } from '../messages.ts';
import { Recorder } from '../recorder.ts';
import { OpfsShelf } from './opfs.ts';

declare const self: DedicatedWorkerGlobalScope;

/** The dedicated worker of the recorder: only what no other place can do is here. Its name is its folder's. */
const recorder = new Recorder({
	shelf: new OpfsShelf(self.name),
	now: () => performance.timeOrigin + performance.now(),
	every: (ms, act) => {
		const timer = setInterval(() => void act(), ms);
		return () => clearInterval(timer);
	},
	freeBytes: async () => {
		const { quota, usage } = await navigator.storage.estimate();
		return quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
	},
	send: (answer, transfer = []) => self.postMessage(answer, transfer),
});

self.addEventListener('message', (event: MessageEvent<unknown>) => {
	void recorder.handle(v.parse(RecorderRequest, event.data));
});
