import {
	type Bytes,
	fromBase64url,
	fromUtf8,
	random,
	toBase64url,
	toHex,
	utf8,
} from '#crypto/bytes.ts';
import {
	type AccessCode,
	CodeAnswer,
	createCodeSecret,
	nonceBytes,
	sealCodePlace,
} from '#crypto/cpace/code.ts';
import { CryptoError } from '#crypto/errors.ts';
import { type PublicIdentity, decodePublicIdentity } from '#crypto/identity/identity.ts';
import {
	type CodeQuestion,
	type CodeReply,
	codeMs,
	codeStepMs,
	codeTries,
} from '#protocol/code.ts';
import { type CodeShelf, type StoredCode, stateOf } from './stored.ts';

/** Whose codes they are. */
export interface CodeOwner {
	readonly member: string;
	readonly identity: PublicIdentity;
	/** Seals for this member's devices alone. */
	seal(context: string, plaintext: Bytes): Promise<Bytes>;
	open(context: string, sealed: Bytes): Promise<Bytes>;
}

interface Run {
	readonly place: string;
	/** Which code of the place it was: another may be shown by now. */
	readonly nonce: string;
	readonly answer: CodeAnswer;
	readonly participant: PublicIdentity;
}

type No = Extract<CodeReply, { step: 'no' }>['why'];
const no = (why: No): CodeReply => ({ step: 'no', why });
const contextOf = (place: string): string => `access code ${place}`;

/** The host's side of all her codes: makes them, counts tries and answers. The server is believed in nothing. */
export class CodeHost {
	readonly #owner: CodeOwner;
	readonly #shelf: CodeShelf;
	readonly #clock: () => number;
	/** By the server's name of the try. */
	readonly #runs = new Map<string, Run>();
	/** Called after a code changed. */
	changed: () => void = () => {};

	/** `clock` gives milliseconds since 1970. */
	constructor(owner: CodeOwner, shelf: CodeShelf, clock: () => number = Date.now) {
		this.#owner = owner;
		this.#shelf = shelf;
		this.#clock = clock;
	}

	/** A new code for a place; `reserve` asks the server for a nameplate. The one before it is gone. */
	async create(
		where: { session: string; place: string },
		reserve: (nonce: string) => Promise<string>,
	): Promise<StoredCode> {
		const { member } = this.#owner;
		const nonce = toBase64url(random(nonceBytes));
		const secret = createCodeSecret();
		const sealed = toBase64url(await this.#owner.seal(contextOf(where.place), utf8(secret)));
		const nameplate = await reserve(nonce);
		const until = this.#clock() + codeMs;
		const fresh = { answered: 0, nonces: [], busyUntil: 0, used: false };
		const code = { ...where, member, nameplate, sealed, nonce, until, ...fresh };
		await this.#shelf.change(where.place, () => code);
		this.changed();
		return code;
	}

	/** The nine digits, to be shown to the host. Throws as the owner's `open`. */
	async digits({ place, nameplate, sealed }: StoredCode): Promise<AccessCode> {
		const secret = fromUtf8(await this.#owner.open(contextOf(place), fromBase64url(sealed)));
		return { nameplate, secret };
	}

	/** Answers a question of the try that the server calls `name`. */
	async answer(name: string, nameplate: string, question: CodeQuestion): Promise<CodeReply> {
		const reply =
			question.step === 'share'
				? await this.#share(name, nameplate, question)
				: await this.#tag(name, question.tag);
		this.changed();
		return reply;
	}

	async #find(nameplate: string): Promise<StoredCode | undefined> {
		const now = this.#clock();
		const codes = await this.#shelf.all();
		return codes.find((code) => code.nameplate === nameplate && stateOf(code, now) === 'live');
	}

	async #share(
		name: string,
		nameplate: string,
		question: Extract<CodeQuestion, { step: 'share' }>,
	): Promise<CodeReply> {
		const code = await this.#find(nameplate);
		if (!code) return no('dead');
		const participant = decodePublicIdentity(question.identity);
		const run = await this.#run(code, participant, question);
		if (!run) return no('wrong');
		let left = 0;
		const counted = await this.#shelf.change(code.place, (before) => {
			const now = this.#clock();
			if (!before || !mayAnswer(before, { code, nonce: question.nonce, now })) return undefined;
			const answered = before.answered + 1;
			left = codeTries - answered;
			const nonces = [...before.nonces, question.nonce];
			return { ...before, answered, nonces, busyUntil: now + codeStepMs };
		});
		// Only after it was counted on the disk the answer leaves, whatever this page does next.
		if (!counted) return no('busy');
		this.#runs.set(name, { place: code.place, nonce: code.nonce, answer: run, participant });
		const [share, tag] = [toBase64url(run.share), toBase64url(run.tag)];
		return { step: 'share', share, tag, left };
	}

	/** undefined for what is no share: nothing was learnt from it, so it does not count. */
	async #run(
		code: StoredCode,
		participant: PublicIdentity,
		{ nonce, share }: Extract<CodeQuestion, { step: 'share' }>,
	): Promise<CodeAnswer | undefined> {
		const both = { host: this.#owner.identity, participant };
		const nonces = { hostNonce: fromBase64url(code.nonce), nonce: fromBase64url(nonce) };
		const one = { code: await this.digits(code), ...nonces, ...both };
		try {
			return new CodeAnswer(one, fromBase64url(share));
		} catch (error) {
			if (error instanceof CryptoError) return undefined;
			throw error;
		}
	}

	async #tag(name: string, tag: string | null): Promise<CodeReply> {
		const run = this.#runs.get(name);
		this.#runs.delete(name);
		if (!run) return no('dead');
		const { place, nonce } = run;
		try {
			if (tag === null) throw new CryptoError('open-failed');
			const key = run.answer.confirm(fromBase64url(tag));
			const confirmed = await this.#shelf.change(place, (code) => {
				const live = code?.nonce === nonce && !code.used && this.#clock() < code.busyUntil;
				return live ? { ...code, used: true } : undefined;
			});
			if (!confirmed) return no('dead');
			await this.#shelf.confirm(place, toHex(run.participant.ed25519));
			return { step: 'place', sealed: toBase64url(await sealCodePlace(key, place)) };
		} catch (error) {
			if (!(error instanceof CryptoError)) throw error;
			await this.#shelf.change(place, (code) =>
				code?.nonce === nonce ? { ...code, busyUntil: 0 } : undefined,
			);
			return no('wrong');
		}
	}
}

/** Whether a code that was read may still be answered: another tab, or another try, may have been faster. */
function mayAnswer(
	before: StoredCode,
	{ code, nonce, now }: { code: StoredCode; nonce: string; now: number },
): boolean {
	return (
		before.nonce === code.nonce &&
		stateOf(before, now) === 'live' &&
		before.answered < codeTries &&
		now >= before.busyUntil &&
		!before.nonces.includes(nonce)
	);
}
