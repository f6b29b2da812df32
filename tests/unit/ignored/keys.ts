import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/keys.json. */
export const keys: Reasons = {};
