import {
	createHash,
	createPrivateKey,
	createPublicKey,
	type KeyObject,
	randomBytes,
	sign,
} from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { systemCode } from '../errors.ts';
import { Bytes32, Id } from '../protocol/text.ts';
import { newId } from '../random.ts';
import { writeDurably } from '../store/files.ts';

/** Beside the database; belongs into every backup: with another key every browser says that the history is another. */
export const logKeyFile = 'log.key';

const File = v.strictObject({ log: Id, seed: Bytes32 });
// RFC 8410 §7.
const seedPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
// C2SP signed-note: the byte before an Ed25519 key.
const ed25519 = 1;

/** The key that heads of the history are signed with (Ed25519). */
export class LogKey {
	/** The name of the log and of its key. */
	readonly origin: string;
	/** As C2SP signed-note writes a key: `name+id+base64`. */
	readonly vkey: string;
	readonly #private: KeyObject;
	readonly #id: Buffer;

	private constructor(file: v.InferOutput<typeof File>) {
		this.origin = `sotto/history/${file.log}`;
		const seed = Buffer.from(file.seed, 'base64url');
		this.#private = createPrivateKey({
			key: Buffer.concat([seedPrefix, seed]),
			format: 'der',
			type: 'pkcs8',
		});
		const spki = createPublicKey(this.#private).export({ format: 'der', type: 'spki' });
		const key = Buffer.concat([Uint8Array.of(ed25519), spki.subarray(-32)]);
		const hash = createHash('sha256').update(`${this.origin}\n`).update(key).digest();
		this.#id = hash.subarray(0, 4);
		this.vkey = `${this.origin}+${this.#id.toString('hex')}+${key.toString('base64')}`;
	}

	/** Reads DATA_DIR/log.key, or makes it. */
	static async open(dataDir: string): Promise<LogKey> {
		const path = join(dataDir, logKeyFile);
		try {
			return new LogKey(v.parse(File, JSON.parse(await readFile(path, 'utf8'))));
		} catch (error) {
			if (systemCode(error) !== 'ENOENT') throw error;
		}
		const file = { log: newId(), seed: randomBytes(32).toString('base64url') };
		await writeDurably(path, Buffer.from(JSON.stringify(file)));
		return new LogKey(file);
	}

	/** A signed checkpoint (C2SP tlog-checkpoint in a signed-note). */
	checkpoint({ size, root }: { size: number; root: Buffer }): string {
		const text = `${this.origin}\n${size}\n${root.toString('base64')}\n`;
		const signature = Buffer.concat([this.#id, sign(null, Buffer.from(text), this.#private)]);
		return `${text}\n— ${this.origin} ${signature.toString('base64')}\n`;
	}
}
