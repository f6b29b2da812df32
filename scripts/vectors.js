/** `npm run vectors -- FILE...` checks files of test vectors; without a file it checks our own. */
import { install, node, run } from './prepare.js';

install();
run(node(), ['tests/vectors/run.ts', ...process.argv.slice(2)]);
