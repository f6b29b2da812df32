import { readFileSync } from 'node:fs';

/** Of one tick in /proc; the same on every Linux of today. */
const ticksPerSecond = 100;

/** Milliseconds of CPU that one process used so far. Throws where there is no /proc. */
export function cpuMs(pid: number): number {
	const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
	// The name in brackets may itself hold spaces and brackets.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	const ticks = Number(fields[11]) + Number(fields[12]);
	return (ticks / ticksPerSecond) * 1000;
}

/** Resident kB of one process. */
export function residentKB(pid: number): number {
	return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
