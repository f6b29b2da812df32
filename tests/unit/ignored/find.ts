import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/find.json. */
export const find: Reasons = {};
