import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/retention.json. */
export const retention: Reasons = {};
