import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/player.json. */
export const player: Reasons = {};
