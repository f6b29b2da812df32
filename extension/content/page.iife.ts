import * as v from 'valibot';
import { api } from '../chrome.ts';

/** How long the page may think about it; one that does not answer is left alone. */
const answerMs = 500;

const Goto = v.strictObject({ type: v.literal('goto'), path: v.string() });
const Answer = v.picklist(['here', 'going', 'busy']);
type Answer = v.InferOutput<typeof Answer>;

/** Asks the page's own script; a port of its own, so that the answer is to this question. */
function ask(path: string): Promise<Answer> {
	const { port1, port2 } = new MessageChannel();
	return new Promise((resolve) => {
		const late = setTimeout(() => resolve('busy'), answerMs);
		port1.addEventListener('message', ({ data }) => {
			clearTimeout(late);
			resolve(v.is(Answer, data) ? data : 'busy');
		});
		port1.start();
		window.postMessage({ type: 'sotto-goto', path }, location.origin, [port2]);
	});
}

api.runtime.onMessage.addListener((message: unknown, sender, respond) => {
	if (sender.id !== api.runtime.id || !v.is(Goto, message)) return false;
	void ask(message.path).then(respond);
	return true;
});
