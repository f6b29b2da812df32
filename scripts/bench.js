/** `npm run bench -- NAME [--json FILE]`, or `all`; without a name it lists what can be measured. */
import { findBrowser, findFfmpeg, installDebian } from './find.js';
import { build, install, node, run } from './prepare.js';

const [name, ...rest] = process.argv.slice(2);
install();
if (name) {
	if (!findBrowser()) installDebian('chromium');
	if (!findFfmpeg()) installDebian('ffmpeg');
	build();
}
run(node(), ['bench/run.ts', ...(name ? [name, ...rest] : [])]);
