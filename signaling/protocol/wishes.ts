import * as v from 'valibot';

/** GET and PUT /api/account/wishes (staff): what a member wants to be told by mail. PUT → 204. */
export const Wishes = v.strictObject({
	/** That a recording of hers is finished; the mail names nobody. */
	ready: v.boolean(),
});
export type Wishes = v.InferOutput<typeof Wishes>;
