import * as v from 'valibot';

/** What the service worker asks of the page without a window: the sound of an arrival. Answer: whether it sounds. */
export const Chime = v.strictObject({ type: v.literal('chime'), loud: v.boolean() });
export type Chime = v.InferOutput<typeof Chime>;
