import * as v from 'valibot';
import { CryptoError } from '#crypto/errors.ts';
import type { Signed } from '#crypto/identity/signed.ts';
import { parseJson } from '#crypto/schema.ts';
import { account } from '#lib/account/account.svelte.ts';
import { db } from '#lib/db/db.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { isApiError } from '#lib/net/errors.ts';
import { readAnnotation, writeAnnotation } from '#lib/recordings/annotations.ts';
import type { TrackKeys } from '#lib/recordings/keys.ts';
import { planningZone } from '#lib/schedule/form.ts';
import {
	KnownRetentionPolicy,
	Retention,
	RetentionList,
	RetentionPolicy,
	type RetentionRules,
	RetentionText,
	Storage,
	type StoragePrice,
} from '#protocol/retention.ts';
import { Signed as SignedShape } from '#protocol/text.ts';
import { RetentionFacts, reasonsMax } from './facts.ts';
import { type Basis, endsSooner } from './plan.ts';
import { loadRules } from './rules.ts';
import { openRetention, openRules, signRetention, signRules } from './statement.ts';

const author = () => ({ id: account.member.id, signing: account.identity.signing });
const pathOf = (recording: string): string => `/api/recordings/${recording}/retention`;
const rulesPath = '/api/practice/retention';

/** How long one recording is kept, after what was signed was checked. */
export interface Kept {
	readonly shown: Retention;
	/** What a member signed; undefined while it is as the notice says. */
	readonly said: RetentionText | undefined;
}

async function check(shown: Retention): Promise<Kept> {
	const { recording, statement } = shown;
	if (statement === null) {
		if (shown.version !== 0) throw new CryptoError('bad-signature');
		return { shown, said: undefined };
	}
	const said = await openRetention({ signed: statement, recording, members: account.members });
	const same =
		said.version === shown.version &&
		said.keptUntil === shown.keptUntil &&
		said.hold === shown.hold &&
		said.purpose === shown.purpose;
	if (!same) throw new CryptoError('bad-signature');
	return { shown, said };
}

/** Throws `ApiError`, and `bad-signature` when the server shows something else than was signed. */
export async function fetchKept(recording: string): Promise<Kept> {
	return check(await fetchJson(Retention, { path: pathOf(recording) }));
}

/** What a date was computed from, sealed beside the recording; undefined when nobody said anything. */
export function readFacts(recording: string, keys: TrackKeys) {
	return readAnnotation({ recording, kind: 'retention', keys, schema: RetentionFacts });
}

/** What shall hold from now on. */
export interface Change {
	readonly purpose: RetentionText['purpose'];
	readonly keptUntil: number | null;
	readonly hold: boolean;
	/** Whether the author was told that it ends sooner, and wants it. */
	readonly shortens: boolean;
}

/** When it ends by itself if no hold kept it. */
export const plainEnd = ({ shown }: Kept): number | null => shown.keptUntil ?? shown.endsAt;

/**
 * Signs the next version. Throws `ApiError`: `conflict` when somebody else was first, `forbidden`. RangeError when it
 * would end sooner and nobody was asked.
 */
export async function saveKept(kept: Kept, change: Change): Promise<void> {
	const { recording, version } = kept.shown;
	const sooner = endsSooner(plainEnd(kept), change.keptUntil);
	if (sooner && !change.shortens) throw new RangeError('it would end sooner');
	const statement = await signRetention(author(), {
		recording,
		version: version + 1,
		at: Date.now(),
		...change,
		shortens: sooner,
	});
	await request({ method: 'PUT', path: pathOf(recording), body: { statement } });
}

/** Seals the facts and the reason of a change beside the recording, before the change itself is signed. */
export async function saveFacts(options: {
	recording: string;
	keys: TrackKeys;
	/** The version of the annotation that was read; 0 = none. */
	before: number;
	facts: RetentionFacts;
	/** Why, and for which version. */
	reason?: { readonly text: string; readonly version: number } | undefined;
}): Promise<void> {
	const { recording, keys, before, facts, reason } = options;
	const added = reason ? [{ ...reason, author: account.member.id, at: Date.now() }] : [];
	const reasons = [...facts.reasons, ...added].slice(-reasonsMax);
	const body = { ...facts, reasons };
	await writeAnnotation({ recording, kind: 'retention', keys, before, body });
}

/** Of the recordings that this member may change; `before` = only what ends by itself before then. */
export async function fetchRetentions(before?: number): Promise<RetentionList> {
	const query = before === undefined ? '' : `?before=${before}`;
	return fetchJson(RetentionList, { path: `/api/retention${query}` });
}

/** One of a list, checked as `fetchKept` does. */
export const checkKept = check;

const shelfOf = (practice: string): string => `retention ${practice}`;

async function knownRules(practice: string): Promise<Signed | undefined> {
	const row = v.safeParse(
		v.object({ signed: SignedShape }),
		await db.policies.get(shelfOf(practice)),
	);
	return row.success ? row.output.signed : undefined;
}

/** How long the practice keeps recordings, as far as it can be believed. */
export interface Rules {
	/** Undefined while no admin has signed any. */
	readonly policy: RetentionPolicy | undefined;
	/** The server shows something else than an admin signed, or less than this browser has seen: that holds then. */
	readonly doubted: boolean;
	/** The version that the next one is. */
	readonly next: number;
}

/** How far a version that this browser could not check may be ahead: a server that makes one up can end no counting. */
const aheadMost = 1000;

function versionOf({ text }: Signed): number {
	const said = v.safeParse(
		v.pipe(v.string(), v.parseJson(), v.object({ version: v.number() })),
		text,
	);
	return said.success ? said.output.version : 0;
}

/** What an admin signed last. Throws `ApiError`. */
export async function fetchRules(): Promise<Rules> {
	const practice = account.practice.id;
	const known = await knownRules(practice);
	const { policy: signed } = await fetchJson(KnownRetentionPolicy, { path: rulesPath });
	const checked = known && parseJson(RetentionPolicy, known.text);
	const seen = checked?.version ?? 0;
	const shown = signed ? Math.min(versionOf(signed), seen + aheadMost) : 0;
	const next = Math.max(seen, shown) + 1;
	if (signed === null) return { policy: checked, doubted: known !== undefined, next };
	try {
		const policy = await openRules({ signed, members: account.members, known });
		await db.policies.put({ practice: shelfOf(practice), signed });
		return { policy, doubted: false, next };
	} catch (error) {
		if (!(error instanceof CryptoError)) throw error;
		return { policy: checked, doubted: true, next };
	}
}

/** Signs them for the whole practice; admins only. No recording is touched. Throws `ApiError`: `conflict`. */
export async function saveRules(options: {
	rules: RetentionRules;
	/** The version that they are. */
	version: number;
}): Promise<void> {
	const { rules, version } = options;
	const policy = await signRules({
		admin: author(),
		practice: account.practice.id,
		version,
		at: Date.now(),
		rules,
	});
	await request({ method: 'PUT', path: rulesPath, body: { policy } });
}

/** What this browser has checked of the practice's signed settings and rules, as it keeps them. */
export async function policyRows(practice: string): Promise<unknown[]> {
	const rows = await Promise.all([practice, shelfOf(practice)].map((key) => db.policies.get(key)));
	return rows.filter((row) => row !== undefined);
}

/** Signs the same rules anew where this admin signed them with keys that she has no more. Throws `ApiError`. */
export async function renewRules(): Promise<void> {
	const { policy, doubted, next } = await fetchRules();
	const mine = policy?.author === account.member.id && account.member.role === 'admin';
	if (mine && !doubted) await saveRules({ rules: policy.rules, version: next });
}

/** With what dates are computed here. */
export async function loadBasis(): Promise<Basis> {
	const [{ policy }, law] = await Promise.all([fetchRules(), loadRules()]);
	return { rules: policy?.rules, law, zone: planningZone() };
}

/** Who may change how long a recording of this host is kept. */
export function maySetKept(host: string): boolean {
	const { id, role } = account.member;
	return host === id || role === 'admin' || role === 'supervisor';
}

export const fetchStorage = (): Promise<Storage> =>
	fetchJson(Storage, { path: '/api/practice/storage' });

/** Throws `ApiError`. */
export async function savePrice(price: v.InferOutput<typeof StoragePrice>): Promise<void> {
	await request({ method: 'PUT', path: '/api/practice/storage-price', body: { price } });
}

/** Whether a change was refused because somebody else changed it first. */
export const isConflict = (error: unknown): boolean => isApiError(error, 'conflict');
