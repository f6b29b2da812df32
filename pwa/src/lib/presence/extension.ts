import * as v from 'valibot';
import { config } from '#lib/net/config.ts';
import { packaged, server } from '#lib/net/home.ts';
import type { TellsAsk } from '#protocol/arrivals.ts';
import type { CaptureAsk } from '#protocol/capture.ts';
import type { ConnectAsk } from '#protocol/connect.ts';
import type { AppAsk } from '#protocol/packaged.ts';
import { HelloAnswer, type PageAsk } from '#protocol/pairing.ts';
import { ApiError } from '#lib/net/errors.ts';

type Send = (extension: string, message: unknown) => Promise<unknown>;

const Browser = v.object({
	runtime: v.object({ sendMessage: v.custom<Send>((value) => typeof value === 'function') }),
});

/** An extension of ours in this browser. */
export interface Extension extends HelloAnswer {
	/** Chromium's id of it. */
	readonly id: string;
}

type Wish = PageAsk | AppAsk | CaptureAsk | ConnectAsk | TellsAsk extends infer One
	? One extends unknown
		? Omit<One, 'server'>
		: never
	: never;

/** What an extension answers; undefined when there is none of this id, or it does not answer us. */
async function send(id: string, wish: Wish): Promise<unknown> {
	// Chromium gives it to pages that some extension wants to hear from.
	const browser = v.safeParse(Browser, Reflect.get(globalThis, 'chrome'));
	if (!browser.success) return undefined;
	try {
		return await browser.output.runtime.sendMessage(id, { ...wish, server });
	} catch {
		// "Could not establish connection": it is not installed, or it was just taken away.
		return undefined;
	}
}

/** Extensions that may be asked. The packaged app asks the one that it is in, whichever others its server names. */
const candidates = async (): Promise<readonly string[]> =>
	packaged ? [location.hostname] : (await config()).extensions;

/** The extension in this browser that this server knows, or that this app is in. Throws `ApiError`. */
export async function findExtension(): Promise<Extension | undefined> {
	for (const id of await candidates()) {
		const answer = v.safeParse(HelloAnswer, await send(id, { type: 'hello' }));
		if (answer.success) return { id, ...answer.output };
	}
	return undefined;
}

/** Asks an extension that was found. Throws `bad-answer` when it does not answer in the shape of `schema`. */
export async function askExtension<S extends v.GenericSchema>(
	schema: S,
	{ id }: Pick<Extension, 'id'>,
	wish: Wish,
): Promise<v.InferOutput<S>> {
	const answer = v.safeParse(schema, await send(id, wish));
	if (!answer.success) throw new ApiError('bad-answer');
	return answer.output;
}
