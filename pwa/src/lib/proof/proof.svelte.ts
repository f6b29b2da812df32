import { type CheckedHead, type Head, type HeadFinding, Vantage } from '#crypto/log/head.ts';
import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { logBlockRows } from '#protocol/log.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
import { type Erased, readErased } from './erased.ts';
import type { Finding } from './head.ts';
import { rememberHead, rememberedHead } from './heads.ts';
import { type Heads, headsOf } from './incall.ts';
import { type ErasedIn, checkBlock, checkRows } from './rows.ts';
import { source } from './source.ts';

/** Logs that somebody goes on without, of whom the newest are remembered. */
const passedMax = 64;

/** What was found about rows that are shown. */
export interface Checked {
	/** When this browser saw the head that the history was held against; undefined the first time. */
	readonly since: number | undefined;
	readonly findings: readonly Finding[];
}

/** What this browser knows of the practice's history, and whether it still goes together with that. */
class HistoryProof {
	/** What is wrong with the history as a whole, or was found when somebody signed in. */
	findings = $state.raw<readonly Finding[]>([]);
	#practice: string | undefined;
	#heard: HeadFinding | undefined;
	readonly #vantage = new Vantage({
		source,
		memory: {
			recall: () => this.#known(),
			remember: (head) => rememberHead(account.practice.id, head),
		},
		now: Date.now,
	});

	/** Looks at the head and at the newest rows, once for whoever is signed in. Never throws: a server that is away is asked at the next start; one that gives no answer that makes sense is in doubt. */
	async start(): Promise<void> {
		if (account.state !== 'unlocked' || this.#practice === account.practice.id) return;
		this.#practice = account.practice.id;
		this.findings = [];
		this.#heard = undefined;
		try {
			const { now, findings } = await this.#head();
			const { role } = account.member;
			const reads = role !== 'participant-only' && role !== 'station';
			const newest = now && Math.floor((now.size - 1) / logBlockRows);
			const rows =
				reads && now && newest !== undefined && newest >= 0
					? await checkBlock(source, { head: now, block: newest, erased: this.#erased(now) })
					: [];
			this.findings = [...findings, ...rows];
		} catch (error) {
			if (!isApiError(error)) throw error;
			this.#practice = undefined;
			// Whoever can write into the database could silence the proof like this.
			if (isApiError(error, 'bad-answer', 'internal')) this.findings = [{ is: 'unproved' }];
		}
	}

	/** Holds rows as they are shown against the signed head, and that against the one remembered. Throws `ApiError`. */
	async check(
		rows: readonly HistoryRow[],
		options: { signal?: AbortSignal; onprogress?: (done: number, of: number) => void } = {},
	): Promise<Checked> {
		const known = await this.#known();
		const { now, findings } = await this.#head();
		if (!now) return { since: known?.at, findings };
		const found = await checkRows(source, {
			...options,
			head: now,
			rows,
			erased: this.#erased(now),
		});
		return { since: known?.at, findings: [...findings, ...found] };
	}

	/** What this page shows and hears in a call. */
	readonly inCall: Heads = headsOf({
		look: () => this.#vantage.look(),
		hear: (theirs) => this.hear(theirs),
	});

	/** Somebody else was shown this head: it has to go together with ours. Gives what is wrong. Throws `ApiError`. */
	async hear(theirs: string): Promise<HeadFinding | undefined> {
		const wrong = await this.#vantage.hear(theirs);
		if (!wrong) return undefined;
		this.#heard = wrong;
		this.findings = [...this.findings.filter(({ is }) => is !== wrong.is), wrong];
		return wrong;
	}

	/** Somebody knows why it is another history: what is there now is the one to remember. Throws `ApiError`. */
	async accept(): Promise<void> {
		const [known, { now }] = [await this.#known(), await this.#head()];
		const log = this.#heard?.is === 'other-log' ? [this.#heard.log] : [];
		const passed = [...(known?.passed ?? []), ...log].slice(-passedMax);
		if (now) await rememberHead(account.practice.id, { ...now, passed });
		this.#heard = undefined;
		this.findings = [];
	}

	/** What both have that were checked: the head to remember, and the evidence. */
	async evidence(): Promise<string> {
		const [known, { now }] = [await this.#known(), await this.#head()];
		return [known?.note, now?.note].filter((note) => note !== undefined).join('\n');
	}

	#erased(head: Head): ErasedIn {
		const { members, practice } = account;
		const authority = { members, practice: practice.id };
		let read: Promise<Erased> | undefined;
		return () => (read ??= readErased(source, { head, authority, now: Date.now() }));
	}

	#known(): Promise<Head | undefined> {
		return rememberedHead(account.practice.id);
	}

	async #head(): Promise<CheckedHead> {
		const checked = await this.#vantage.look();
		return this.#heard ? { ...checked, findings: [...checked.findings, this.#heard] } : checked;
	}
}

export const proof = new HistoryProof();
