import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import {
	type FinishDerivative,
	type FinishRevision,
	type NewDerivative,
	type NewRevision,
	Revision,
	ShownRevision,
} from '#protocol/revisions.ts';

const pathOf = (recording: string): string => `/api/recordings/${recording}`;

/** Begins to rewrite a recording, or takes up again what was begun under this id. Throws `ApiError`. */
export function beginRevision(recording: string, wanted: NewRevision): Promise<Revision> {
	const path = `${pathOf(recording)}/revisions`;
	return fetchJson(Revision, { method: 'POST', path, body: wanted });
}

/** What is being rewritten of a recording; undefined when nothing is. Throws `ApiError`. */
export async function fetchRevision(recording: string): Promise<Revision | undefined> {
	return (await fetchShown(recording)).revision ?? undefined;
}

/** The same, and what was made of a recording. Throws `ApiError`. */
export function fetchShown(recording: string): Promise<ShownRevision> {
	return fetchJson(ShownRevision, { path: `${pathOf(recording)}/revision` });
}

/** Puts what was rewritten in the place of what was. Throws `ApiError`. */
export async function finishRevision(
	recording: string,
	revision: string,
	body: FinishRevision,
): Promise<void> {
	const path = `${pathOf(recording)}/revisions/${revision}/finish`;
	await request({ method: 'POST', path, body });
}

/** Gives up what was begun. Throws `ApiError`. */
export async function cancelRevision(recording: string, revision: string): Promise<void> {
	try {
		await request({ method: 'DELETE', path: `${pathOf(recording)}/revisions/${revision}` });
	} catch (error) {
		if (!isApiError(error, 'not-found')) throw error;
	}
}

/** Stores the wrapped keys of a shortened copy. Throws `ApiError`. */
export async function makeDerivative(source: string, body: NewDerivative): Promise<void> {
	await request({ method: 'POST', path: `${pathOf(source)}/derivatives`, body });
}

/** A shortened copy is whole. Throws `ApiError`. */
export async function finishDerivative(
	source: string,
	derivative: string,
	body: FinishDerivative,
): Promise<void> {
	const path = `${pathOf(source)}/derivatives/${derivative}/finish`;
	await request({ method: 'POST', path, body });
}
