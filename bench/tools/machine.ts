import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { executablePath } from '../../tests/browser.ts';

/** One line that names the machine, so that figures can be read later. */
export function machine(): string {
	const all = cpus();
	const memory = Math.round(totalmem() / 2 ** 30);
	const browser = execFileSync(executablePath(), ['--version'], { encoding: 'utf8' }).trim();
	const load = loadavg()[0]?.toFixed(1);
	const system = `${type()} ${release()}`;
	const parts = [`${all.length} x ${all[0]?.model.trim()}`, `${memory} GiB`, system];
	return [...parts, `Node ${process.versions.node}`, browser, `load ${load}`].join(', ');
}
