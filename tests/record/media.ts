import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import type { Packet } from '#lib/record/webm.ts';

/** Whether ffmpeg with the codecs of a call is here; tests of real media need it. */
export const hasFfmpeg = ((): boolean => {
	try {
		const list = execFileSync('ffmpeg', ['-hide_banner', '-encoders'], {
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'ignore'],
		});
		return /libvpx/.test(list) && /libopus/.test(list);
	} catch {
		return false;
	}
})();

/** Runs `use` with the path of a file that holds these bytes. */
function withFile<T>(bytes: Uint8Array, use: (path: string) => T): T {
	const folder = mkdtempSync(join(tmpdir(), 'sotto-'));
	try {
		const path = join(folder, 'media.webm');
		writeFileSync(path, bytes);
		return use(path);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** Moving picture and tone, really encoded; a key frame every second. */
export function encodeMedia(options: { seconds: number; codec: 'vp8' | 'vp9' }): Uint8Array {
	const { seconds, codec } = options;
	return withFile(new Uint8Array(0), (path) => {
		const picture = ['-f', 'lavfi', '-i', `testsrc=size=160x90:rate=15:duration=${seconds}`];
		const sound = ['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`];
		const video = ['-c:v', codec === 'vp8' ? 'libvpx' : 'libvpx-vp9', '-deadline', 'realtime'];
		const rate = ['-g', '15', '-b:v', '80k', '-c:a', 'libopus', '-b:a', '24k'];
		const all = ['-y', '-v', 'error', ...picture, ...sound, ...video, ...rate, path];
		execFileSync('ffmpeg', all);
		return readFileSync(path);
	});
}

/** The packets of a file as mediabunny reads them: a reader that is not ours. */
export async function demux(
	bytes: Uint8Array,
	kind: 'audio' | 'video',
	track: number,
): Promise<Packet[]> {
	using input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS });
	const found =
		kind === 'video' ? await input.getPrimaryVideoTrack() : await input.getPrimaryAudioTrack();
	const packets: Packet[] = [];
	if (!found) return packets;
	for await (const packet of new EncodedPacketSink(found).packets())
		packets.push({
			track,
			timeMs: Math.round(packet.timestamp * 1000),
			key: kind === 'audio' || packet.type === 'key',
			data: packet.data.slice(),
		});
	return packets;
}

/** What ffmpeg says while it decodes everything: nothing, when all is well. */
export function decodeErrors(bytes: Uint8Array): string {
	return withFile(bytes, (path) =>
		execFileSync(
			'sh',
			['-c', 'ffmpeg -v error -i "$1" -enc_time_base -1 -f null - 2>&1 || true', 'sh', path],
			{ encoding: 'utf8' },
		),
	);
}

/** Duration in seconds as ffprobe finds it in the header. */
export function probeDuration(bytes: Uint8Array): number {
	return withFile(bytes, (path) =>
		Number(
			execFileSync(
				'ffprobe',
				['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', path],
				{ encoding: 'utf8' },
			),
		),
	);
}
