import { install, node, run } from './prepare.js';

install();
run(node(), ['node_modules/oxfmt/bin/oxfmt', ...process.argv.slice(2)]);
