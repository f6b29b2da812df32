/** npm run vectors -- FILE...: runs test vectors written by others through the code of the product. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { runVectors } from './formats.ts';

const files = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
let unknown = 0;

for (const file of files) {
	const result = await runVectors(await readFile(file, 'utf8'));
	if (result === undefined) {
		unknown++;
		process.stdout.write(`${basename(file)}: unknown format\n`);
		continue;
	}
	const { name, passed, failed, skipped, note } = result;
	total.passed += passed;
	total.failed += failed;
	total.skipped += skipped;
	const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
	process.stdout.write(`${basename(file)}: ${name}: ${counts}${note ? ` (${note})` : ''}\n`);
}

if (files.length === 0) process.stderr.write('usage: npm run vectors -- FILE...\n');
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
if (files.length === 0 || unknown > 0 || total.failed > 0) process.exitCode = 1;
