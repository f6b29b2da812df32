import { ring } from './sound.ts';
import type { Phase } from './view.ts';

/** Rings once, when somebody who waited is let in; who only loads the page again hears nothing. */
export function ringWhenLetIn(call: { readonly phase: Phase }): void {
	let waited = false;
	const stop = $effect.root(() => {
		$effect(() => {
			if (call.phase === 'waiting') waited = true;
			if (!waited || call.phase !== 'in-call') return;
			ring();
			stop();
		});
	});
}
