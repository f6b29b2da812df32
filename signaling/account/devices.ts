import type { Clock } from '../clock.ts';
import { ServerError } from '../errors.ts';
import type { NewDevice } from '../protocol/account.ts';
import type { Way } from '../protocol/browsers.ts';
import { newId, newSecret } from '../random.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type * as v from 'valibot';

/** Browsers that one member may be signed in with; the one that was idle longest makes room. */
const devicesPerMember = 32;

export interface Opened {
	device: string;
	half: string;
}

async function register(
	db: StoreTransaction,
	options: { member: string; device: v.InferOutput<typeof NewDevice>; way: Way; now: number },
): Promise<Opened> {
	const { member, device, way, now } = options;
	const known = await db
		.selectFrom('devices')
		.select('id')
		.where('member', '=', member)
		.orderBy('active_at', 'desc')
		.execute();
	const tooMany = known.slice(devicesPerMember - 1).map(({ id }) => id);
	if (tooMany.length > 0) await db.deleteFrom('devices').where('id', 'in', tooMany).execute();
	const id = newId();
	const half = newSecret();
	await db
		.insertInto('devices')
		.values({
			id,
			member,
			public_key: device.publicKey,
			name: device.name,
			half,
			active_at: now,
			created_at: now,
			way,
		})
		.execute();
	return { device: id, half };
}

/**
 * Opens a device of a member who has just proved herself: a known one, or a new one. Its half is always
 * fresh, so what an older half had wrapped stays shut. Throws `not-found` for a device that is not hers.
 */
export async function openDevice(
	db: StoreTransaction,
	options: {
		member: string;
		device: string | v.InferOutput<typeof NewDevice>;
		/** Kept of a new one. */
		way: Way;
		clock: Clock;
	},
): Promise<Opened> {
	const { member, device, way, clock } = options;
	if (typeof device !== 'string') return register(db, { member, device, way, now: clock.now() });
	const half = newSecret();
	const { numUpdatedRows } = await db
		.updateTable('devices')
		.set({ half, active_at: clock.now() })
		.where('id', '=', device)
		.where('member', '=', member)
		.executeTakeFirst();
	if (numUpdatedRows === 0n) throw new ServerError('not-found');
	return { device, half };
}

/** The half of a device, inside the idle limit only. Throws `locked`; an idle device forgets its half here. */
export async function halfOf(
	store: Store,
	options: { device: string; clock: Clock; idleMs: number },
): Promise<string> {
	const row = await store
		.selectFrom('devices')
		.select(['half', 'active_at'])
		.where('id', '=', options.device)
		.executeTakeFirst();
	if (!row || row.half === null) throw new ServerError('locked');
	if (options.clock.now() - row.active_at < options.idleMs) return row.half;
	await lockDevice(store, options.device);
	throw new ServerError('locked');
}

/** Forgets the half of a device until the next login. */
export async function lockDevice(store: Store | StoreTransaction, device: string): Promise<void> {
	await store.updateTable('devices').set({ half: null }).where('id', '=', device).execute();
}

/** Forgets the halves of all devices that were idle too long. */
export async function lockIdle(store: Store, before: number): Promise<void> {
	await store
		.updateTable('devices')
		.set({ half: null })
		.where('half', 'is not', null)
		.where('active_at', '<=', before)
		.execute();
}
