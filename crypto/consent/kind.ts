import * as v from 'valibot';

/** Where a recorder runs: in the host's browser, or on a machine of the practice. */
export const RecorderKind = v.picklist(['device', 'station']);
export type RecorderKind = v.InferOutput<typeof RecorderKind>;
