import { toBase64url } from '#crypto/bytes.ts';
import type { PartContext } from '#crypto/track/digest.ts';
import { Lane, type OpenFrame } from './lane.ts';
import type { ManifestTrack, Person } from './manifest.ts';
import type { Missing } from './messages.ts';
import { Parts, partRow } from './parts.ts';
import type { Spool } from './spool.ts';
import type { PersonTracks } from './tracks.ts';
import type { Codec } from './webm.ts';

type Kind = 'audio' | 'video';

/** Frames of somebody whose track keys are being wrapped are kept so long; about 10 s. */
const waitingMax = 2000;

/** Somebody in a roster. */
interface Member {
	readonly key: Uint8Array;
	readonly name: string;
	readonly role: Person['role'] | 'recorder';
}

interface Seat {
	readonly person: Person;
	/** undefined while keys are being wrapped. */
	tracks: PersonTracks | undefined;
	readonly lanes: Map<Kind, { lane: Lane; parts: Parts }>;
	waiting: { kind: Kind; frame: OpenFrame }[];
}

/** Everybody who is recorded, told apart by the key that sealed their frames. */
export class People {
	readonly #recording: string;
	readonly #zeroMs: number;
	readonly #spool: Spool;
	readonly #context: () => Omit<PartContext, 'codec' | 'previous'>;
	/** By base64url key. */
	readonly #seats = new Map<string, Seat>();

	constructor(options: {
		recording: string;
		zeroMs: number;
		spool: Spool;
		context: () => Omit<PartContext, 'codec' | 'previous'>;
	}) {
		this.#recording = options.recording;
		this.#zeroMs = options.zeroMs;
		this.#spool = options.spool;
		this.#context = options.context;
	}

	/** Those of a roster who are new; they are numbered from now on, and their frames wait for `give`. */
	meet(roster: readonly Member[], hostName: string): number[] {
		const fresh: number[] = [];
		for (const member of roster) {
			const key = toBase64url(member.key);
			if (member.role === 'recorder' || this.#seats.has(key)) continue;
			const id = this.#seats.size;
			const name = member.role === 'host' ? hostName : member.name;
			const person = { id, name, role: member.role, key };
			this.#seats.set(key, { person, tracks: undefined, lanes: new Map(), waiting: [] });
			fresh.push(id);
		}
		return fresh;
	}

	/** Their keys are wrapped: from now on they are written. */
	give(tracks: readonly PersonTracks[]): void {
		for (const one of tracks) {
			const seat = this.#seat(one.person);
			if (!seat) continue;
			seat.tracks = one;
			for (const { kind, frame } of seat.waiting.splice(0))
				this.#lane(seat, kind)?.lane.push(frame);
		}
	}

	/** The lane that this frame belongs to, after it took it; undefined while keys are being wrapped. */
	push(key: Uint8Array, kind: Kind, frame: OpenFrame): Lane | undefined {
		const seat = this.#seats.get(toBase64url(key));
		if (!seat) return undefined;
		const found = this.#lane(seat, kind);
		if (found) found.lane.push(frame);
		else if (seat.waiting.length < waitingMax) seat.waiting.push({ kind, frame });
		return found?.lane;
	}

	/** All lanes. */
	get lanes(): { person: number; lane: Lane; parts: Parts }[] {
		return Array.from(this.#seats.values()).flatMap((seat) =>
			Array.from(seat.lanes.values(), (one) => ({ person: seat.person.id, ...one })),
		);
	}

	/** People and their tracks as the manifest states them. */
	describe(): { people: Person[]; tracks: ManifestTrack[] } {
		const seats = Array.from(this.#seats.values());
		const tracks = seats.flatMap((seat) =>
			(['audio', 'video'] as const).flatMap((kind) => {
				const id = seat.tracks?.[kind];
				const states = seat.lanes.get(kind)?.parts.states;
				if (id === undefined || !states || states.length === 0) return [];
				const codecs = Array.from(new Set<Codec>(states.map(({ codec }) => codec)));
				const parts = states.map(partRow);
				return [{ id, person: seat.person.id, kind, codecs, start: 0, duration: null, parts }];
			}),
		);
		return { people: seats.map(({ person }) => person), tracks };
	}

	/** Gaps of all lanes. */
	get missing(): Missing[] {
		return this.lanes.flatMap(({ person, lane }) => lane.gaps.map((gap) => ({ ...gap, person })));
	}

	/** Those whose keys are wrapped. */
	get tracks(): PersonTracks[] {
		return Array.from(this.#seats.values()).flatMap(({ tracks }) => tracks ?? []);
	}

	#seat(person: number): Seat | undefined {
		return Array.from(this.#seats.values()).find((seat) => seat.person.id === person);
	}

	#lane(seat: Seat, kind: Kind): { lane: Lane; parts: Parts } | undefined {
		const known = seat.lanes.get(kind);
		if (known || !seat.tracks) return known;
		const { key } = seat.tracks;
		const parts = new Parts({
			key,
			recording: this.#recording,
			track: seat.tracks[kind],
			kind,
			spool: this.#spool,
			context: this.#context,
		});
		const made = { lane: new Lane({ kind, zeroMs: this.#zeroMs }), parts };
		seat.lanes.set(kind, made);
		return made;
	}
}
