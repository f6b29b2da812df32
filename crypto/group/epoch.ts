import {
	type CiphersuiteImpl,
	type ClientState,
	type MLSMessage,
	createApplicationMessage,
	mlsExporter,
} from 'ts-mls';
import { unprotectPrivateMessage } from 'ts-mls/messageProtection.js';
import { type Bytes, equal, sha256 } from '#crypto/bytes.ts';
import { CryptoError, assert } from '#crypto/errors.ts';
import type { Evidence, VerifiedEvidence } from './evidence.ts';
import { decodeMessage, encodeMessage } from './library.ts';
import type { Member } from './policy.ts';

/** Most bytes of the plaintext of one message. */
export const plaintextSizeMax = 64 * 1024;
/** Bytes that sealing may add, padding of short messages included. */
const overheadMax = 1024;
/** RFC 9605 §5.2. */
const exporterLabel = 'SFrame 1.0 Base Key';
const baseKeySize = 16;

/** A message that was opened, and who sealed it. */
export interface OpenedMessage {
	readonly sender: Member;
	readonly plaintext: Bytes;
}

/** For `makeEpoch` and `joinEpoch`: what an epoch is made of once every rule was checked. */
export interface EpochParts {
	readonly state: ClientState;
	readonly suite: CiphersuiteImpl;
	readonly generation: number;
	readonly roster: readonly Member[];
	readonly evidence: VerifiedEvidence;
}

/** One generation of the call: who is in it, and the keys that exactly these people have. */
export class Epoch {
	readonly generation: number;
	/** Everybody who holds the keys, by leaf; there is no other list. */
	readonly roster: readonly Member[];
	readonly me: Member;
	/** 32 bytes that only the roster knows and all of it has alike: for safety digits, and for the next epoch. */
	readonly authenticator: Bytes;
	readonly verified: VerifiedEvidence;
	readonly #suite: CiphersuiteImpl;
	#state: ClientState | undefined;
	/** Each message moves the ratchets, so they take turns. */
	#turn: Promise<unknown> = Promise.resolve();

	/** For `makeEpoch` and `joinEpoch` only. */
	constructor(parts: EpochParts) {
		const { state, suite, generation, roster, evidence } = parts;
		const me = roster[state.privatePath.leafIndex];
		assert(me !== undefined, 'my leaf is in the roster');
		this.generation = generation;
		this.roster = roster;
		this.me = me;
		this.authenticator = new Uint8Array(state.keySchedule.epochAuthenticator);
		this.verified = evidence;
		this.#suite = suite;
		this.#state = forMessagesOnly(state);
	}

	/** Why everybody is there, and who allowed the recorder. */
	get evidence(): Evidence {
		return this.verified.evidence;
	}

	/** Whether a recorder holds these keys. */
	get hasRecorder(): boolean {
		return this.roster.some((member) => member.role === 'recorder');
	}

	/** SHA-256 over the consents in force, 32 bytes; part of what the keys depend on. */
	get receiptsDigest(): Bytes {
		return this.verified.digest;
	}

	/** SHA-256 of the authenticator, which the next epoch has to name. */
	authenticatorHash(): Promise<Bytes> {
		return sha256(this.authenticator);
	}

	/** The base key of everybody's SFrame keys, 16 bytes. Rejects with `no-key` after `close()`. */
	async sframeBaseKey(): Promise<Bytes> {
		const { exporterSecret } = this.#open().keySchedule;
		const context = new Uint8Array();
		return new Uint8Array(
			await mlsExporter(exporterSecret, exporterLabel, context, baseKeySize, this.#suite),
		);
	}

	/**
	 * A message to everybody in the roster, signed by my leaf: an MLS PrivateMessage, opaque to the server.
	 * Rejects with `too-large` above 64 KiB and `no-key` after `close()`.
	 */
	async seal(plaintext: Bytes): Promise<Bytes> {
		if (plaintext.length > plaintextSizeMax) throw new CryptoError('too-large');
		return this.#inTurn(async (state) => {
			const sealed = await createApplicationMessage(state, plaintext, this.#suite);
			this.#state = sealed.newState;
			const { privateMessage } = sealed;
			return encodeMessage({ version: 'mls10', wireformat: 'mls_private_message', privateMessage });
		});
	}

	/**
	 * What somebody in the roster sealed in this epoch, and who. Each message opens once; up to 200 of one sender may
	 * be missing or late. Rejects with `no-key` for a message of another epoch and after `close()`, `too-large`, and
	 * `open-failed` for anything else: altered, replayed, my own, not a message.
	 */
	async open(bytes: Bytes): Promise<OpenedMessage> {
		if (bytes.length > plaintextSizeMax + overheadMax) throw new CryptoError('too-large');
		return this.#inTurn(async (state) => {
			const message = privateMessageOf(bytes);
			const { groupId, epoch } = state.groupContext;
			if (!equal(message.groupId, groupId) || message.epoch !== epoch)
				throw new CryptoError('no-key');
			if (message.contentType !== 'application') throw new CryptoError('open-failed');
			const opened = await this.#unprotect(state, message);
			const { content } = opened.content;
			if (content.contentType !== 'application' || content.sender.senderType !== 'member')
				throw new CryptoError('open-failed');
			const sender = this.roster[content.sender.leafIndex];
			if (!sender) throw new CryptoError('open-failed');
			this.#state = { ...state, secretTree: opened.tree };
			return { sender, plaintext: new Uint8Array(content.applicationData) };
		});
	}

	/** Forgets the keys. Messages that wait for their turn are rejected with `no-key`. */
	close(): void {
		this.#state = undefined;
	}

	// Not processMessage(): that one also takes commits and proposals, and does not say who sent a message.
	async #unprotect(state: ClientState, message: PrivateMessage) {
		const { keySchedule, secretTree, ratchetTree, groupContext, clientConfig } = state;
		try {
			return await unprotectPrivateMessage(
				keySchedule.senderDataSecret,
				message,
				secretTree,
				ratchetTree,
				groupContext,
				clientConfig.keyRetentionConfig,
				this.#suite,
			);
		} catch (cause) {
			throw new CryptoError('open-failed', { cause });
		}
	}

	#open(): ClientState {
		if (!this.#state) throw new CryptoError('no-key');
		return this.#state;
	}

	#inTurn<T>(act: (state: ClientState) => Promise<T>): Promise<T> {
		const done = this.#turn.then(() => act(this.#open()));
		this.#turn = done.catch(() => undefined);
		return done;
	}
}

type PrivateMessage = Extract<MLSMessage, { wireformat: 'mls_private_message' }>['privateMessage'];

function privateMessageOf(bytes: Bytes): PrivateMessage {
	let message: MLSMessage;
	try {
		message = decodeMessage(bytes);
	} catch (cause) {
		throw new CryptoError('open-failed', { cause });
	}
	if (message.wireformat !== 'mls_private_message') throw new CryptoError('open-failed');
	return message.privateMessage;
}

/** No second commit is ever made or read in a group, so the keys for that are dropped here. */
function forMessagesOnly(state: ClientState): ClientState {
	const none = new Uint8Array();
	const { senderDataSecret, exporterSecret } = state.keySchedule;
	return {
		...state,
		privatePath: { leafIndex: state.privatePath.leafIndex, privateKeys: {} },
		historicalReceiverData: new Map(),
		keySchedule: {
			senderDataSecret,
			exporterSecret,
			externalSecret: none,
			confirmationKey: none,
			membershipKey: none,
			resumptionPsk: none,
			epochAuthenticator: none,
			initSecret: none,
		},
	};
}
