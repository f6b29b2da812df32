import type { TrackKeys } from '#lib/recordings/keys.ts';
import { planningZone } from '#lib/schedule/form.ts';
import { dateOf } from '#lib/time.ts';
import type { Purpose } from '#protocol/retention.ts';
import { type RetentionFacts, factsOfPlan, noFacts } from './facts.ts';
import { type Basis, type Plan, planKept } from './plan.ts';
import { readPlanned } from './planned.ts';
import {
	type Change,
	type Kept,
	fetchKept,
	isConflict,
	loadBasis,
	plainEnd,
	readFacts,
	saveFacts,
	saveKept,
} from './store.ts';

/** How long one recording is kept, as its page shows and changes it. */
export class KeptState {
	readonly recording: string;
	readonly session: string | null;
	readonly recordedAt: number;
	/** Whether this member may delete it: who may not cannot have it end within the week. */
	readonly mayDelete: boolean;
	/** Lets a member open it; undefined for whoever can open it already, or may not be let in here. */
	readonly #letIn: (member: string) => (() => Promise<void>) | undefined;
	readonly #keys: TrackKeys;
	readonly #onchange: () => void;
	kept = $state.raw<Kept>();
	facts = $state.raw<RetentionFacts>();
	basis = $state.raw<Basis>();
	failure = $state.raw<unknown>();
	busy = $state(false);
	#factsVersion = 0;

	constructor(options: {
		recording: string;
		session: string | null;
		recordedAt: number;
		keys: TrackKeys;
		mayDelete: boolean;
		letIn: (member: string) => (() => Promise<void>) | undefined;
		/** Something else holds now. */
		onchange: () => void;
	}) {
		this.recording = options.recording;
		this.session = options.session;
		this.recordedAt = options.recordedAt;
		this.mayDelete = options.mayDelete;
		this.#letIn = options.letIn;
		this.#keys = options.keys;
		this.#onchange = options.onchange;
	}

	get zone(): string {
		return this.basis?.zone ?? planningZone();
	}

	/** "2026-03-10" */
	get recordedOn(): string {
		return dateOf(this.recordedAt, this.zone);
	}

	/** When it ends by itself if no hold keeps it. */
	get end(): number | null {
		return this.kept ? plainEnd(this.kept) : null;
	}

	/** What the rules say now with what is known; undefined while its purpose is not. */
	get plan(): Plan | undefined {
		const { kept, basis, facts } = this;
		if (!kept || !basis || kept.shown.purpose === null) return undefined;
		return this.planOf(kept.shown.purpose, facts ?? noFacts(this.recordedOn));
	}

	/** What the rules say of other facts. Throws RangeError for dates that cannot be. */
	planOf(purpose: Purpose, facts: RetentionFacts): Plan | undefined {
		if (!this.basis) return undefined;
		const { patient, states, lastVisit } = facts;
		return planKept(this.basis, {
			purpose,
			recordedAt: this.recordedAt,
			patient,
			states,
			lastVisit,
		});
	}

	/** Never throws: see `failure`. */
	async load(): Promise<void> {
		this.failure = undefined;
		try {
			const [kept, read, basis] = await Promise.all([
				fetchKept(this.recording),
				readFacts(this.recording, this.#keys),
				loadBasis(),
			]);
			const planned = read ? undefined : await readPlanned(this.session);
			this.#factsVersion = read?.version ?? 0;
			[this.kept, this.basis] = [kept, basis];
			this.facts = read?.body ?? (planned && factsOfPlan(planned, this.recordedOn));
		} catch (error) {
			this.failure = error;
		}
	}

	/** Says whether it was done. Never throws: see `failure`; after a conflict what somebody else set is shown. */
	async change(
		change: Change,
		about: { facts?: RetentionFacts; reason?: string },
	): Promise<boolean> {
		const { kept } = this;
		if (!kept || this.busy) return false;
		[this.busy, this.failure] = [true, undefined];
		let failure: unknown;
		try {
			const facts = about.facts ?? this.facts ?? noFacts(this.recordedOn);
			const text = about.reason?.trim() ?? '';
			const reason = text === '' ? undefined : { text, version: kept.shown.version + 1 };
			const before = this.#factsVersion;
			await saveFacts({ recording: this.recording, keys: this.#keys, before, facts, reason });
			this.#factsVersion += 1;
			await saveKept(kept, change);
			await this.load();
			this.#onchange();
		} catch (error) {
			failure = error;
			if (isConflict(error)) await this.load();
		}
		this.busy = false;
		this.failure ??= failure;
		return failure === undefined;
	}

	/** Whether a reviewer can be let in here. */
	mayLetIn(member: string): boolean {
		return this.#letIn(member) !== undefined;
	}

	/** Lets a reviewer open it; says whether it was done. Never throws: see `failure`. */
	async letIn(member: string): Promise<boolean> {
		[this.busy, this.failure] = [true, undefined];
		try {
			await this.#letIn(member)?.();
			this.#onchange();
		} catch (error) {
			this.failure = error;
		}
		this.busy = false;
		return this.failure === undefined;
	}
}
