import * as v from 'valibot';

/** Most characters of a signed text about a call. */
const textMax = 8 * 1024;

/** The shape of a signed text (notice, receipt, admission...) where it comes in from outside. */
export const StatementSchema = v.strictObject({
	text: v.pipe(v.string(), v.maxLength(textMax)),
	signature: v.pipe(v.string(), v.length(86)),
});
