import { readFileSync, readdirSync } from 'node:fs';

interface Process {
	readonly parent: number;
	readonly command: string;
}

function read(pid: number): Process | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name in brackets may itself hold spaces and brackets.
		const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
		return { parent, command: readFileSync(`/proc/${pid}/cmdline`, 'utf8') };
	} catch {
		// It ended while we read.
		return undefined;
	}
}

function proportionalKb(pid: number): number {
	try {
		const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
		return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
	} catch {
		return 0;
	}
}

/** MB that a browser's whole process tree holds (shared pages divided), found by its profile folder. Throws where there is no /proc. */
export function memoryMB(profile: string): number {
	const all = new Map<number, Process>();
	for (const name of readdirSync('/proc')) {
		const one = /^\d+$/.test(name) ? read(Number(name)) : undefined;
		if (one) all.set(Number(name), one);
	}
	const tree = new Set<number>();
	for (const [pid, { command }] of all)
		if (command.includes(`--user-data-dir=${profile}`)) tree.add(pid);
	if (tree.size === 0) throw new Error('no process has this profile');
	for (let round = 0; round < 2; round++)
		for (const [pid, { parent }] of all) if (tree.has(parent)) tree.add(pid);
	return [...tree].reduce((sum, pid) => sum + proportionalKb(pid), 0) / 1024;
}
