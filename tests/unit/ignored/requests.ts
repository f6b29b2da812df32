import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/requests.json. */
export const requests: Reasons = {};
