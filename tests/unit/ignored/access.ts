import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/access.json. */
export const access: Reasons = {};
