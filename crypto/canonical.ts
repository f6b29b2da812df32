import canonicalize from 'canonicalize';
import { type Bytes, utf8 } from './bytes.ts';
import { assert } from './errors.ts';

/** A value that JSON can hold. */
export type Json =
	| string
	| number
	| boolean
	| null
	| readonly Json[]
	| { readonly [key: string]: Json };

/** The one byte string of a JSON value (RFC 8785), fit to be signed or hashed. Throws TypeError on NaN and infinities. */
export function canonical(value: Json): Bytes {
	const string = canonicalize(value);
	assert(string !== undefined, 'not a JSON value');
	return utf8(string);
}
