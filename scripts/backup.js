/** `npm run backup -- FOLDER` and `npm run restore -- FOLDER`: see docs/install.md. */
import { install, node, run } from './prepare.js';

install();
run(node(), ['signaling/backup/command.ts', ...process.argv.slice(2)]);
