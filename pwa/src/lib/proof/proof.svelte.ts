import { account } from '#lib/account/account.svelte.ts';
import { isApiError } from '#lib/net/errors.ts';
import { logBlockRows } from '#protocol/log.ts';
import type { HistoryRow } from '#protocol/sessions.ts';
import { type CheckedHead, type Finding, type Head, checkHead, compareHeads } from './head.ts';
import { rememberHead, rememberedHead } from './heads.ts';
import { checkBlock, checkRows } from './rows.ts';
import { source } from './source.ts';

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
	#heard: Finding | undefined;
	#turn: Promise<unknown> = Promise.resolve();

	/** Looks at the head and at the newest rows, once for whoever is signed in. Never throws: a server that is away is asked at the next start. */
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
					? await checkBlock(source, { head: now, block: newest })
					: [];
			this.findings = [...findings, ...rows];
		} catch (error) {
			if (!isApiError(error)) throw error;
			this.#practice = undefined;
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
		const found = await checkRows(source, { ...options, head: now, rows });
		return { since: known?.at, findings: [...findings, ...found] };
	}

	/** The head to show to others: the last one that nothing was wrong with. Undefined where the server is away. */
	async head(): Promise<Head | undefined> {
		try {
			return (await this.#head()).head;
		} catch (error) {
			if (isApiError(error)) return undefined;
			throw error;
		}
	}

	/** Somebody else was shown this head: it has to go together with ours. Throws `ApiError`. */
	async hear(theirs: string): Promise<void> {
		const { now } = await this.#head();
		const wrong = now && (await compareHeads(source, { mine: now, theirs }));
		if (!wrong) return;
		this.#heard = wrong;
		this.findings = [...this.findings.filter(({ is }) => is !== 'forked'), wrong];
	}

	/** Somebody knows why it is another history: what is there now is the one to remember. Throws `ApiError`. */
	async accept(): Promise<void> {
		const { now } = await this.#head();
		if (now) await rememberHead(account.practice.id, now);
		this.#heard = undefined;
		this.findings = [];
	}

	/** What both have that were checked: the head to remember, and the evidence. */
	async evidence(): Promise<string> {
		const [known, { now }] = [await this.#known(), await this.#head()];
		return [known?.note, now?.note].filter((note) => note !== undefined).join('\n');
	}

	#known(): Promise<Head | undefined> {
		return rememberedHead(account.practice.id);
	}

	// One after another, so that an older answer never takes the place of a newer head.
	#head(): Promise<CheckedHead> {
		const next = this.#turn.then(async () => {
			const practice = account.practice.id;
			const known = await rememberedHead(practice);
			const checked = await checkHead(source, { known, at: Date.now() });
			if (checked.head && checked.head !== known) await rememberHead(practice, checked.head);
			const heard = this.#heard ? [this.#heard] : [];
			return { ...checked, findings: [...checked.findings, ...heard] };
		});
		this.#turn = next.catch(() => undefined);
		return next;
	}
}

export const proof = new HistoryProof();
