import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/proof.json. */
export const proof: Reasons = {};
