import { request } from '#lib/net/api.ts';

/** A member opens a recording no more. Again it is no error. Throws `ApiError`: `forbidden` for its host and the practice's key. */
export async function takeAway(options: { recording: string; member: string }): Promise<void> {
	const { recording, member } = options;
	await request({ method: 'DELETE', path: `/api/recordings/${recording}/grants/${member}` });
}
