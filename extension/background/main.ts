import * as v from 'valibot';
import { protocolVersion } from '#protocol/version.ts';
import { api, can } from '../chrome.ts';
import { startCapture } from '../capture/start.ts';
import { startPins } from './pins/pins.ts';
import { startPairing } from '../pairing/start.ts';
import { startPresence } from './presence/start.ts';
import { startApp } from './app.ts';
import { servePackage } from './serve-app.ts';

const Version = v.strictObject({ type: v.literal('version') });

/** What pages of the extension ask; `respond` may be called later when the listener gives back true. */
api.runtime.onMessage.addListener((message: unknown, sender, respond) => {
	if (sender.id !== api.runtime.id || !v.is(Version, message)) return;
	respond({ protocol: protocolVersion });
});

// As installed a content script reads and writes it too, and a page may have broken into the process of one.
if (can.storageLevels) void api.storage.local.setAccessLevel({ accessLevel: 'TRUSTED_CONTEXTS' });

servePackage();
startApp();
startPins();
startPairing();
startPresence();
startCapture();
