import { generateKeyPairSync } from 'node:crypto';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, manifestName, publicHalf, seal } from '../../scripts/manifest.js';

const built = join(import.meta.dirname, '../../build/pwa');

/** A release key, made for one test. */
export interface ReleaseKey {
	/** The private half, PEM. */
	readonly pem: string;
	/** The public half, raw in base64url. */
	readonly publicKey: string;
}

export function makeReleaseKey(): ReleaseKey {
	const { privateKey } = generateKeyPairSync('ed25519');
	const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
	return { pem, publicKey: publicHalf(pem) };
}

/** A copy of the built web app, to be altered and signed. */
export interface Site {
	readonly folder: string;
	/** Describes it as it is now, and signs that. */
	publish(key: ReleaseKey, issued: number, version?: string): Promise<void>;
	remove(): Promise<void>;
}

/** The copy has no compressed files: what is altered is served as it is. */
export async function copySite({ compressed = false } = {}): Promise<Site> {
	const folder = await mkdtemp(join(tmpdir(), 'sotto-site-'));
	await cp(built, folder, {
		recursive: true,
		filter: (path) => compressed || !/\.(br|gz)$/.test(path),
	});
	return {
		folder,
		async publish({ pem }, issued, version = '1.4.2') {
			const release = describe(folder, { version, issued });
			await writeFile(join(folder, manifestName), seal(release, pem));
		},
		remove: () => rm(folder, { recursive: true }),
	};
}
