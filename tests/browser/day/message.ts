import type { PostMessage } from '#protocol/post.ts';

/** Dana's invitation to session `one`, sent by mail at the first attempt, but for what is said otherwise. */
export const message = (over: Partial<PostMessage> = {}): PostMessage => ({
	id: 'm',
	session: 'one',
	place: 'dana',
	kind: 'invitation',
	way: 'mail',
	state: 'sent',
	at: 1,
	tries: 1,
	error: null,
	...over,
});
