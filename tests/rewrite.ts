import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bytes, concat, random } from '#crypto/bytes.ts';
import { headerBytes } from '#crypto/track/layout.ts';
import { PartReader } from '#crypto/track/reader.ts';
import { decodeHeader } from '#crypto/track/layout.ts';
import type { App } from './app.ts';
import { Device } from './device.ts';
import type { LocalServer } from './local.ts';
import { password } from './app.ts';
import { type Recorded, type RecordedWish, storeRecording } from './recorded.ts';

/** What the app needs to rewrite recordings; its modules are those of the newest app that was opened. */
export async function openRewriting() {
	const [relock, sealer, source, api, destroy, cut] = await Promise.all([
		import('../pwa/src/lib/rewrite/relock.ts'),
		import('../pwa/src/lib/rewrite/sealer.ts'),
		import('../pwa/src/lib/rewrite/source.ts'),
		import('../pwa/src/lib/rewrite/api.ts'),
		import('../pwa/src/lib/rewrite/destroy.ts'),
		import('../pwa/src/lib/rewrite/cut.ts'),
	]);
	return { ...relock, ...sealer, ...source, ...api, ...destroy, ...cut };
}

/** A recording of Maya's with Dana: bytes that nobody plays. */
export async function storeMayas(
	local: LocalServer,
	wish: Partial<RecordedWish> = {},
): Promise<Recorded> {
	const email = 'maya@alderstreet.example';
	const device = await Device.signIn({ address: local.address, email, password });
	const filmed = (name: string, bytes: number) => ({
		name,
		film: random(bytes),
		startMs: 0,
		durationMs: 60_000,
	});
	const people = [filmed('Dr. Maya Okafor', 60_000), filmed('Dana Whitfield', 40_000)] as const;
	return storeRecording(device, { people: [people[0], people[1]], ...wish });
}

export function memory() {
	const known = new Map<string, string>();
	return {
		get: (recording: string) => known.get(recording),
		set: (recording: string, grant: string) => void known.set(recording, grant),
		delete: (recording: string) => void known.delete(recording),
	};
}

/** Every object of a recording as it lies on the server's disk, whatever the database says. */
export async function objectsOnDisk(
	{ dataDir }: LocalServer,
	recording: string,
): Promise<Map<string, Bytes>> {
	const folder = join(dataDir, 'objects', recording);
	const names = await readdir(folder, { recursive: true, withFileTypes: true });
	const files = names.filter((one) => one.isFile());
	const objects = new Map<string, Bytes>();
	const sorted = files.toSorted((a, b) => Number(a.name) - Number(b.name));
	for (const { parentPath, name } of sorted) {
		const before = objects.get(parentPath) ?? new Uint8Array(0);
		objects.set(parentPath, concat(before, await readFile(join(parentPath, name))));
	}
	return objects;
}

/** Whether any of these keys opens this object, under any name that it may say of itself. */
export async function opensAny(keys: Iterable<CryptoKey>, object: Bytes): Promise<boolean> {
	const header = object.subarray(0, headerBytes);
	const name = decodeHeader(header);
	for (const key of keys)
		if (
			await PartReader.open({ key, header, name }).then(
				() => true,
				() => false,
			)
		)
			return true;
	return false;
}

/** A recording opened by an app, as its page does. */
export async function opened(app: App, id: string) {
	return app.openRecording(await app.fetchRecording(id));
}

/** Every byte of the data directory. */
export async function dataBytes({ dataDir }: LocalServer): Promise<Buffer> {
	const names = await readdir(dataDir, { recursive: true, withFileTypes: true });
	const files = names.filter((one) => one.isFile() && !one.name.endsWith('.lock'));
	return Buffer.concat(
		await Promise.all(files.map((it) => readFile(join(it.parentPath, it.name)))),
	);
}
