import type { FastifyRequest } from 'fastify';
import * as v from 'valibot';
import { ServerError } from './errors.ts';

type Schema = v.BaseSchema<unknown, unknown, v.BaseIssue<unknown>>;

/** A value from outside, as the protocol says it is. Throws `bad-request`, without saying what was wrong with it. */
export function parse<S extends Schema>(schema: S, value: unknown): v.InferOutput<S> {
	const result = v.safeParse(schema, value);
	if (!result.success) throw new ServerError('bad-request');
	return result.output;
}

/** The JSON body of a request. */
export function bodyOf<S extends Schema>(schema: S, request: FastifyRequest): v.InferOutput<S> {
	return parse(schema, request.body);
}

/** JSON that this server wrote itself and reads back from its database. */
export function stored<S extends Schema>(schema: S, text: string): v.InferOutput<S> {
	return v.parse(schema, JSON.parse(text));
}
