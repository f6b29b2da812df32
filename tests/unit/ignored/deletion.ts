import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/deletion.json. */
export const deletion: Reasons = {};
