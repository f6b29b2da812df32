import type { FastifyBaseLogger, FastifyServerOptions } from 'fastify';
import type { ErrorCode } from './protocol/errors.ts';
import type { Config } from './config.ts';
import { systemCode } from './errors.ts';

/**
 * The only place that writes. A line says what kind of thing happened and how it ended: a route's
 * pattern, a status, a duration, a code. Never an id, a name, an address, a token or a path, and no
 * message of an error, because it may quote what it stumbled over.
 */
export interface Log {
	request(line: {
		route: string;
		method: string;
		status: number;
		ms: number;
		code?: ErrorCode;
	}): void;
	socket(line: { code: number; malformed: number }): void;
	/** Something that should not happen: the kind of error and where in our code, without its message. */
	failure(where: string, error: unknown): void;
	event(name: string, counts?: Record<string, number>): void;
}

export interface LogStream {
	write(line: string): void;
}

/** Options of Fastify's own logger. JSON lines go to standard error; standard output is for people. */
export function loggerOptions(
	level: Config['logLevel'],
	stream: LogStream = process.stderr,
): NonNullable<FastifyServerOptions['logger']> {
	return { level, stream, base: null, messageKey: 'event' };
}

/** Pages that are closed, and networks that go away. */
const usual = new Set([1000, 1001, 1005, 1006]);

/** Functions and lines of our own files, without the message above them and without the machine's paths. */
function frames(error: unknown): string[] {
	if (!(error instanceof Error)) return [];
	return [
		...(error.stack ?? '').matchAll(
			/^\s+at (?:async )?(\S+)? ?\(?.*\/signaling\/([\w/]+\.ts:\d+)/gm,
		),
	]
		.slice(0, 4)
		.map(([, name, place]) => `${name ?? ''} ${place ?? ''}`);
}

export function createLog(logger: FastifyBaseLogger): Log {
	return {
		request: (line) => logger.info(line, 'request'),
		socket: (line) => logger[usual.has(line.code) ? 'debug' : 'info'](line, 'socket closed'),
		failure: (where, error) =>
			logger.error(
				{
					where,
					name: error instanceof Error ? error.name : typeof error,
					code: systemCode(error),
					frames: frames(error),
				},
				'failure',
			),
		event: (name, counts = {}) => logger.info(counts, name),
	};
}

/** One line for the person who started the server. */
export function say(line: string): void {
	process.stdout.write(`${line}\n`);
}

/** Why the server does not start, for the person who tried. */
export function complain(line: string): void {
	process.stderr.write(`${line}\n`);
}
