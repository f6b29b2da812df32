import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/share.json. */
export const share: Reasons = {};
