import { expect, test } from 'vitest';
import { random } from '#crypto/bytes.ts';
import { PackageStore, signAdmission } from '#crypto/group/group.ts';
import { generateSigningKey } from '#crypto/identity/signing.ts';
import {
	dana,
	decoded,
	host,
	letIn,
	line,
	lists,
	maya,
	moves,
	patient,
	stage,
	undisturbed,
	watch,
} from '../e2e/forging.ts';
import { type Insider, until } from '../e2e/insider.ts';

// The rooms' own tests have these too, without browsers (tests/scenario/call.test.ts).
stage();

test('a garbage epoch that wins the race and names nobody else does not stop the call', async () => {
	const insider = await letIn('Una');
	const before = insider.room.newest;
	const watching = watch(6);
	expect(await insider.offer(random(900), [])).toBe(before + 1);
	expect(await undisturbed(watching)).toEqual([patient, host, 'Una']);
});

test('an epoch with a stranger, with and without an admission of her own making, is in nobody’s list', async () => {
	const insider = await letIn('Vic');
	const signing = await generateSigningKey();
	const { session } = insider.room.options;
	const eve = new PackageStore({ signing, session, clock: Date.now });
	const [stranger] = await eve.make(1);
	if (!stranger) throw new Error('no package');
	const self = insider.identity.signing;
	const claim = { session, key: signing.publicKey, name: 'Eve', role: 'participant' } as const;
	const admissions = [
		...insider.epoch.evidence.admissions,
		await signAdmission({ host: self, ...claim }),
	];
	const seats = insider.room.others();
	const packages = [...(await insider.take(seats)), stranger];
	const watching = watch(6);
	const context = await insider.context({ evidence: { admissions } });
	await insider.forge({ context, packages, seats });
	expect(await undisturbed(watching)).toEqual([patient, host, 'Vic']);
});

test('an epoch without the host is taken by nobody, and the host stays', async () => {
	const insider = await letIn('Wim');
	const hosts = [...insider.room.seats.values()].find(({ kind }) => kind === 'host')?.seat;
	const seats = insider.room.others().filter((seat) => seat !== hosts);
	const packages = await insider.take(seats);
	const watching = watch(6);
	const context = await insider.context();
	await insider.forge({ context, packages, seats });
	expect(await undisturbed(watching)).toEqual([patient, host, 'Wim']);
});

/** Three epochs, made by somebody who is allowed to. */
async function threeEpochs(insider: Insider): Promise<void> {
	const before = insider.epoch.generation;
	for (let i = 0; i < 3; i++) await insider.room.change(() => ({}));
	expect(insider.epoch.generation).toBe(before + 3);
}

test('a page whose line was cut through three epochs comes back by itself', async () => {
	const insider = await letIn('Tom');
	line.cut();
	await until('she is missed', () => [...insider.room.seats.values()].some((one) => !one.present));
	await threeEpochs(insider);
	// She has no key of what is sealed now: her pictures stop, whatever reaches her.
	const before = await decoded(dana, host);
	await new Promise((resolve) => setTimeout(resolve, 2000));
	expect((await decoded(dana, host)) - before).toBeLessThan(15);
	line.mend();
	await Promise.all([moves(dana, host), moves(maya, patient)]);
	await lists([host, patient, 'Tom']);
});
