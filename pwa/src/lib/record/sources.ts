import type { Recording } from '#protocol/recordings.ts';
import type { ObjectName, RecordingsApi } from './api.ts';
import type { LiveParts } from './join.ts';
import type { Spool } from './spool.ts';

/** The live parts as the server has them. */
export function serverParts(options: {
	api: RecordingsApi;
	recording: Recording;
	signal: AbortSignal;
}): LiveParts {
	const { api, recording, signal } = options;
	const objects = (track: string) =>
		recording.objects.filter((one) => one.track === track).toSorted((a, b) => a.part - b.part);
	return {
		parts: (track) => objects(track).map(({ part }) => part),
		read: ({ track, part }) => {
			const bytes = objects(track).find((one) => one.part === part)?.bytes ?? 0;
			return api.objectBytes({ recording: recording.id, track, part, bytes }, signal);
		},
	};
}

/** The live parts of this device; what is no longer here comes from the server. */
export function localParts(options: {
	spool: Spool;
	api: RecordingsApi;
	recording: string;
	signal: AbortSignal;
}): LiveParts {
	const { spool, api, recording, signal } = options;
	return {
		parts: (track) =>
			spool.parts
				.filter((one) => one.track === track)
				.map(({ part }) => part)
				.toSorted((a, b) => a - b),
		read: (name: ObjectName) => {
			if (spool.isWhole(name)) return spool.read(name);
			const known = spool.parts.find(
				({ track, part }) => track === name.track && part === name.part,
			);
			const { track, part } = name;
			const bytes = known?.ends.at(-1) ?? 0;
			return api.objectBytes({ recording, track, part, bytes }, signal);
		},
	};
}
