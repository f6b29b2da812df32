import { random, toBase64url, toHex } from '#crypto/bytes.ts';
import { SFrameKeyring, clearBytes } from '#crypto/sframe/sframe.ts';
import type { Insider } from './insider.ts';
import type { Page } from './playwright.ts';
import type { Person } from './people.ts';

/** A frame as it came over the connection, before any decoder. */
export interface Frame {
	readonly type?: 'key' | 'delta';
	readonly mimeType: string;
	/** Base64. */
	readonly bytes: string;
}

interface InPage {
	readonly frames: Frame[];
	call(link: string): Promise<void>;
	hear(link: string, data: string): Promise<void>;
}

declare global {
	// oxlint-disable-next-line no-var
	var tap: InPage | undefined;
	function signalOut(link: string, data: string): void;
}

/** Runs in the page: peer connections by hand, without any seal; what comes in is noted and not decoded. */
async function install(): Promise<void> {
	const code = `
		self.onrtctransform = ({ transformer: { readable, writable } }) => {
			const look = new TransformStream({
				transform(frame) {
					let text = '';
					for (const byte of new Uint8Array(frame.data)) text += String.fromCharCode(byte);
					const { mimeType } = frame.getMetadata();
					self.postMessage({ type: frame.type, mimeType, bytes: btoa(text) });
				},
			});
			readable.pipeThrough(look).pipeTo(writable).catch(() => {});
		};
	`;
	const worker = new Worker(URL.createObjectURL(new Blob([code])));
	const frames: Frame[] = [];
	worker.addEventListener('message', ({ data }: MessageEvent<Frame>) => frames.push(data));
	const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
	const connections = new Map<string, RTCPeerConnection>();
	const make = (link: string): RTCPeerConnection => {
		const connection = new RTCPeerConnection();
		connections.set(link, connection);
		connection.addEventListener('icecandidate', ({ candidate }) => {
			if (candidate) signalOut(link, JSON.stringify({ type: 'candidate', candidate }));
		});
		connection.addEventListener('track', ({ receiver }) => {
			receiver.transform ??= new RTCRtpScriptTransform(worker);
		});
		return connection;
	};
	const describe = async (link: string, connection: RTCPeerConnection): Promise<void> => {
		await connection.setLocalDescription();
		signalOut(link, JSON.stringify(connection.localDescription));
	};
	globalThis.tap = {
		frames,
		call: async (link) => {
			const connection = make(link);
			connection.createDataChannel('data');
			for (const track of stream.getTracks()) connection.addTrack(track, stream);
			for (const receiver of connection.getReceivers())
				receiver.transform = new RTCRtpScriptTransform(worker);
			await describe(link, connection);
		},
		hear: async (link, data) => {
			const connection = connections.get(link) ?? make(link);
			const { type, sdp, candidate } = JSON.parse(data);
			if (candidate) return connection.addIceCandidate(candidate);
			if (!sdp) return;
			await connection.setRemoteDescription({ type, sdp });
			if (type !== 'offer') return;
			for (const track of stream.getTracks()) connection.addTrack(track, stream);
			await describe(link, connection);
		},
	};
}

/** The connections of an insider, in a real browser: they take every frame that they can get. */
export class Tap {
	readonly #page: Page;
	readonly #insider: Insider;
	readonly #called = new Set<string>();

	private constructor(page: Page, insider: Insider) {
		this.#page = page;
		this.#insider = insider;
	}

	static async of(insider: Insider, person: Person, origin: string): Promise<Tap> {
		const page = await person.context.newPage();
		const self = new Tap(page, insider);
		const seatsByLink = new Map<string, string>();
		await page.route(`${origin}/tap`, (route) =>
			route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
		);
		await page.goto(`${origin}/tap`);
		await page.exposeFunction('signalOut', (link: string, data: string) => {
			const to = seatsByLink.get(link);
			if (to) void insider.send({ type: 'signal', link, signals: [data] }, [to]).catch(() => {});
		});
		await page.evaluate(install);
		// One after another: a candidate must not be there before its description.
		let turn: Promise<unknown> = Promise.resolve();
		insider.hears = (from, message) => {
			if (message.type !== 'signal') return;
			const { link, signals } = message;
			seatsByLink.set(link, insider.room.seatOf(from.key) ?? '');
			for (const data of signals)
				turn = turn.then(() => page.evaluate(([a, b]) => tap?.hear(a, b), [link, data] as const));
		};
		insider.joined = () => {
			for (const member of insider.epoch.roster) {
				const key = toHex(member.key);
				const { me } = insider.epoch;
				// The host calls everybody; of two others she whose key is lower.
				const calls = me.role === 'host' || (member.role === 'participant' && toHex(me.key) < key);
				if (member === me || member.role === 'recorder' || !calls || self.#called.has(key))
					continue;
				self.#called.add(key);
				const link = toBase64url(random(16));
				seatsByLink.set(link, insider.room.seatOf(member.key) ?? '');
				turn = turn.then(() => page.evaluate((name) => tap?.call(name), link));
			}
		};
		// What was said before anybody listened.
		for (const { from, message } of insider.heard) insider.hears(from, message);
		if (insider.room.epoch) insider.joined(insider.room.epoch);
		return self;
	}

	/** The frames that came since they were asked for last. */
	async frames(): Promise<Frame[]> {
		return this.#page.evaluate(() => tap?.frames.splice(0) ?? []);
	}

	/** Frames that came within some time. */
	async during(ms: number): Promise<Frame[]> {
		await this.frames();
		await new Promise((resolve) => setTimeout(resolve, ms));
		return this.frames();
	}

	/** How many of the frames open with the keys of each generation that the insider ever held. */
	async opened(frames: readonly Frame[]): Promise<Map<number, number>> {
		const counts = new Map<number, number>();
		for (const { epoch, baseKey } of this.#insider.held) {
			const { generation } = epoch;
			counts.set(generation, await opensWith({ generation, baseKey }, frames));
		}
		return counts;
	}
}

/** How many of the frames open with this key. */
export async function opensWith(
	key: { readonly generation: number; readonly baseKey: Uint8Array<ArrayBuffer> },
	frames: readonly Frame[],
): Promise<number> {
	const keyring = new SFrameKeyring();
	await keyring.add({ ...key, leaves: [0, 1, 2, 3, 4, 5, 6, 7] });
	const tries = frames.map(({ mimeType, type, bytes }) =>
		keyring.openFrame(
			new Uint8Array(Buffer.from(bytes, 'base64')),
			clearBytes(mimeType, type) ?? 0,
		),
	);
	const results = await Promise.allSettled(tries);
	return results.filter(({ status }) => status === 'fulfilled').length;
}
