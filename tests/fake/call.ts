import { type Bytes, random, toBase64url } from '#crypto/bytes.ts';
import { type SignedNotice, signNotice } from '#crypto/consent/consent.ts';
import {
	type Evidence,
	type Role,
	certifyRecorder,
	noEvidence,
	signAdmission,
	signRemoval,
} from '#crypto/group/group.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import { FakePerson, type Place } from './person.ts';
import { FakeRelay } from './relay.ts';

/** A session with its host, its relay, and what the host has signed so far. */
export class FakeCall {
	readonly place: Place;
	readonly host: FakePerson;
	/** Everything that the host signed; her device persists it. */
	issued: Evidence = noEvidence;

	private constructor(place: Place, host: FakePerson) {
		this.place = place;
		this.host = host;
	}

	static async create(): Promise<FakeCall> {
		const signing = await generateSigningKey();
		const session = toBase64url(random(16));
		const place = { session, hostKey: signing.publicKey, relay: new FakeRelay() };
		const call = new FakeCall(place, new FakePerson({ name: 'Host', signing, place }));
		await call.admit(call.host, 'host');
		return call;
	}

	/** The host lets somebody in. */
	async admit(person: FakePerson, role: Role = 'participant'): Promise<void> {
		const { session } = this.place;
		const { key, name } = person;
		const admission = await signAdmission({ host: this.host.signing, session, key, name, role });
		this.issued = { ...this.issued, admissions: [...this.issued.admissions, admission] };
	}

	/** A new client that the host let in, with packages on the shelf. */
	async newcomer(name: string, role: Role = 'participant'): Promise<FakePerson> {
		const person = await FakePerson.create(name, this.place);
		await this.admit(person, role);
		await person.refill();
		return person;
	}

	/** A recorder that the host let in and certified. */
	async newRecorder(name = 'Recorder'): Promise<FakePerson> {
		const recorder = await this.newcomer(name, 'recorder');
		const { session } = this.place;
		const { key } = recorder;
		const host = this.host.signing;
		const certificate = await certifyRecorder({ host, session, key, kind: 'device' });
		this.issued = { ...this.issued, recorders: [...this.issued.recorders, certificate] };
		return recorder;
	}

	/** The host takes somebody out for good. */
	async remove(person: FakePerson): Promise<void> {
		const { session } = this.place;
		const removal = await signRemoval({ host: this.host.signing, session, key: person.key });
		this.issued = { ...this.issued, removals: [...this.issued.removals, removal] };
	}

	/** The host writes a notice, which is the one in force from now on. */
	async notice(purpose = 'Supervision'): Promise<SignedNotice> {
		const notice = await signNotice({
			host: this.host.signing,
			notice: {
				session: this.place.session,
				practice: 'Practice',
				host: 'Host',
				purpose,
				recorder: 'device',
				openers: 'The practice',
				keptUntil: null,
			},
		});
		this.issued = { ...this.issued, notice };
		return notice;
	}

	/** Everybody agrees, and the host hears of it. */
	async allConsent(people: readonly FakePerson[], notice: SignedNotice): Promise<void> {
		for (const person of people) {
			const signed = await person.say('consent', notice);
			await this.host.book.add(signed);
		}
	}

	/** The host makes an epoch with exactly these others, and they take part. Throws when anybody does not. */
	async connect(...others: readonly FakePerson[]): Promise<void> {
		for (const person of others) await person.refill();
		const keys: Bytes[] = others.map((person) => person.key);
		if (!(await this.host.make(keys, this.issued))) throw new Error('somebody was faster');
		for (const person of others) {
			await person.sync();
			if (person.epoch?.generation !== this.host.epoch?.generation)
				throw new Error(`${person.name} did not take part: ${person.refusals.at(-1)}`);
		}
	}
}
