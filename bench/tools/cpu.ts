import { readFileSync, readdirSync } from 'node:fs';

/** Of one tick in /proc; the same on every Linux of today. */
const ticksPerSecond = 100;

interface Process {
	readonly parent: number;
	readonly ticks: number;
	readonly command: string;
}

function read(pid: number): Process | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name in brackets may itself hold spaces and brackets.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		const [parent, user, system] = [fields[1], fields[11], fields[12]].map(Number);
		const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
		return { parent: parent ?? 0, ticks: (user ?? 0) + (system ?? 0), command };
	} catch {
		// It ended while we read.
		return undefined;
	}
}

/**
 * Seconds of CPU that a browser's whole process tree used so far, found by its profile folder. Throws where there
 * is no /proc. Processes must not end between two readings that are compared.
 */
export function cpuSeconds(profile: string): number {
	const all = new Map<number, Process>();
	for (const name of readdirSync('/proc')) {
		const one = /^\d+$/.test(name) ? read(Number(name)) : undefined;
		if (one) all.set(Number(name), one);
	}
	const roots = [...all].filter(([, one]) => one.command.includes(`--user-data-dir=${profile}`));
	const tree = new Set(roots.map(([pid]) => pid));
	if (tree.size === 0) throw new Error('no process has this profile');
	// Parents have lower numbers than children nearly always; twice around is enough for the rest.
	for (let round = 0; round < 2; round++)
		for (const [pid, one] of all) if (tree.has(one.parent)) tree.add(pid);
	let ticks = 0;
	for (const pid of tree) ticks += all.get(pid)?.ticks ?? 0;
	return ticks / ticksPerSecond;
}
