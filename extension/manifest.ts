import { readFileSync } from 'node:fs';
import { defineManifest } from '@crxjs/vite-plugin';
import { extensionKey } from '../scripts/extension-key.js';

const folder = import.meta.dirname;
const { version } = JSON.parse(readFileSync(`${folder}/../package.json`, 'utf8'));

/** Where the practice's server is: the only addresses that the extension may reach. */
const origins = (process.env['EXTENSION_ORIGINS'] ?? 'http://localhost,http://127.0.0.1')
	.split(',')
	.map((origin) => new URL(origin.trim()).origin);
const matches = origins.map((origin) => `${origin}/*`);

export default defineManifest({
	manifest_version: 3,
	name: 'Sotto',
	version,
	description: 'Says when a patient waits, and carries code that you can trust.',
	minimum_chrome_version: '137',
	key: extensionKey(),
	icons: { 16: 'icons/16.png', 48: 'icons/48.png', 128: 'icons/128.png' },
	background: { service_worker: 'background/main.ts', type: 'module' },
	content_scripts: [
		{ matches, js: ['content/page.iife.ts'], run_at: 'document_idle' },
		{ matches, js: ['content/code.iife.ts'], run_at: 'document_start' },
	],
	action: { default_popup: 'popup/popup.html', default_title: 'Sotto' },
	side_panel: { default_path: 'panel/panel.html' },
	options_ui: { page: 'settings/settings.html', open_in_tab: true },
	permissions: [
		'alarms',
		'notifications',
		'offscreen',
		'sidePanel',
		'storage',
		'activeTab',
		// Chromium never carries out a change of rules when this was given later. It warns of nothing.
		'declarativeNetRequestWithHostAccess',
	],
	optional_permissions: ['browsingData', 'scripting', 'tabCapture', 'webRequest'],
	commands: {
		'capture-tab': {
			suggested_key: { default: 'Ctrl+Shift+9', mac: 'Command+Shift+9' },
			description: 'Record this tab',
		},
	},
	host_permissions: matches,
	externally_connectable: { matches },
	content_security_policy: {
		extension_pages:
			"script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
	},
});
