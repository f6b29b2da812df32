/** `npm run bench -- NAME [--json FILE]`; without a name it lists what can be measured. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { build, install, node, root, run, say } from './prepare.js';

const folder = join(root, 'bench');
const [name, ...rest] = process.argv.slice(2);
install();
if (name && existsSync(join(folder, `${name}.ts`))) {
	build();
	run(node(), [`bench/${name}.ts`, ...rest]);
} else {
	const names = existsSync(folder)
		? readdirSync(folder).flatMap((file) => /^(\w+)\.ts$/.exec(file)?.[1] ?? [])
		: [];
	say(`npm run bench -- NAME [--json FILE], where NAME is one of: ${names.join(', ')}`);
	process.exit(name ? 1 : 0);
}
