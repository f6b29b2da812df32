/** Programs that the tests need and npm does not bring. Plain JavaScript, for whatever Node is there. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

/**
 * The first of `names` that is a file: an absolute path, or a program on PATH.
 * @param {(string | undefined)[]} names
 */
function first(names) {
	const folders = (process.env['PATH'] ?? '').split(delimiter);
	for (const name of names) {
		if (!name) continue;
		const places = /[\\/]/.test(name) ? [name] : folders.map((folder) => join(folder, name));
		const found = places.find((place) => existsSync(place));
		if (found) return found;
	}
	return undefined;
}

function playwrightsOwn() {
	/** @type {typeof import('playwright-core')} */
	const { chromium } = createRequire(import.meta.url)('playwright-core');
	return chromium.executablePath();
}

/** A Chromium or Chrome: CHROMIUM_PATH, the system's, Playwright's own; `undefined` when there is none. */
export function findBrowser() {
	return first([
		process.env['CHROMIUM_PATH'],
		'chromium',
		'chromium-browser',
		'google-chrome-stable',
		'google-chrome',
		'/Applications/Chromium.app/Contents/MacOS/Chromium',
		'/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
		join(process.env['PROGRAMFILES'] ?? '/', 'Google/Chrome/Application/chrome.exe'),
		playwrightsOwn(),
	]);
}

export const findFfmpeg = () => first([process.env['FFMPEG_PATH'], 'ffmpeg', 'ffmpeg.exe']);

/** coturn; the tests of relayed calls are skipped without it. */
export const findTurnserver = () => first([process.env['TURNSERVER_PATH'], 'turnserver']);

/** The stock `age`, with a terminal to ask at; the tests of sealed copies are skipped without them. */
export const findAge = () => first(['age-keygen']) && first(['script']) && first(['age']);

/** What stands in for a desktop that shows notifications: the bus of a session, and Python that speaks to it. */
export function findDesktop() {
	const bus = first(['dbus-daemon']);
	if (!bus || !first(['dbus-monitor'])) return undefined;
	const spoken = spawnSync('/usr/bin/python3', ['-c', 'import dbus, gi'], { stdio: 'ignore' });
	return spoken.status === 0 ? bus : undefined;
}

/** Firefox ESR, a guest of the slow tests. */
export const findFirefox = () => first([process.env['FIREFOX_PATH'], 'firefox-esr']);

/** The message centre of Kannel's tests, which comes with Kannel itself. */
export const findKannel = () =>
	first([`${process.env['KANNEL_ROOT'] ?? ''}/usr/lib/kannel/test/fakesmsc`]);

export const findOpensmtpd = () => first([process.env['SMTPD_PATH'], '/usr/sbin/smtpd']);

/**
 * Installs packages of Debian when this is root on Debian; says whether it tried. It takes nothing away,
 * and a service that a package brings is not set up: the tests start their own.
 * @param {string} names parted by spaces
 */
export function installDebian(names) {
	if (process.getuid?.() !== 0 || !first(['apt-get'])) return false;
	const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
	const noService = ['/etc/init.d/*', '/lib/systemd/system/*'].map(
		(path) => `-oDpkg::Options::=--path-exclude=${path}`,
	);
	const install = ['install', '-y', '-qq', '--no-install-recommends', '--no-remove', ...noService];
	for (const args of [
		['update', '-qq'],
		[...install, ...names.split(' ')],
	])
		spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
	return true;
}
