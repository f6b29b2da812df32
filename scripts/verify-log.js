/** `npm run verify-log -- LOG [--witness FILE] [--key KEY]`: checks an exported history without its server; see log.js. */
import { install, node, run } from './prepare.js';

install();
run(node(), ['scripts/log.js', ...process.argv.slice(2)]);
