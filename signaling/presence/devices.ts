import type * as v from 'valibot';
import type { Clock } from '../clock.ts';
import type { Context } from '../context.ts';
import { ServerError } from '../errors.ts';
import { stored } from '../parse.ts';
import {
	type NewPresenceDevice,
	type PresenceDevice,
	presenceDeviceText,
	presenceDevicesMax,
} from '../protocol/presence.ts';
import { PublicIdentity } from '../protocol/text.ts';
import { newId } from '../random.ts';
import { verifySignature } from '../signature.ts';
import type { Store, StoreTransaction } from '../store/database.ts';
import type { PresenceDeviceRow } from '../store/tables.ts';

type New = v.InferOutput<typeof NewPresenceDevice>;

/** Throws `forbidden` unless the member's identity vouches for these keys at this practice. */
async function checkCertificate(
	db: StoreTransaction,
	{ member, device }: { member: string; device: New },
): Promise<void> {
	const { id: practice } = await db.selectFrom('practice').select('id').executeTakeFirstOrThrow();
	const { public_identity: keys } = await db
		.selectFrom('members')
		.select('public_identity')
		.where('id', '=', member)
		.executeTakeFirstOrThrow();
	const { publicKey, presenceKey, certificate: signature } = device;
	const vouched = verifySignature({
		publicKey: stored(PublicIdentity, keys).ed25519,
		context: 'sotto/presence-device/v1',
		message: Buffer.from(presenceDeviceText({ practice, member, publicKey, presenceKey })),
		signature,
	});
	if (!vouched) throw new ServerError('forbidden');
}

/**
 * Puts an extension on a member's list; the one that has this key already keeps its id. Throws `over-limit`,
 * `forbidden` (see `checkCertificate`), `conflict` (the key is somebody else's).
 */
export async function addDevice(
	db: StoreTransaction,
	{ member, device, clock }: { member: string; device: New; clock: Clock },
): Promise<{ id: string; fresh: boolean }> {
	await checkCertificate(db, { member, device });
	const { publicKey, presenceKey, name, certificate } = device;
	const same = await db
		.selectFrom('presence_devices')
		.select(['id', 'member', 'presence_key'])
		.where('public_key', '=', publicKey)
		.executeTakeFirst();
	if (same) {
		if (same.member !== member || same.presence_key !== presenceKey)
			throw new ServerError('conflict');
		return { id: same.id, fresh: false };
	}
	const { count } = await db
		.selectFrom('presence_devices')
		.select((it) => it.fn.countAll<number>().as('count'))
		.where('member', '=', member)
		.executeTakeFirstOrThrow();
	if (count >= presenceDevicesMax) throw new ServerError('over-limit');
	const id = newId();
	const now = clock.now();
	await db
		.insertInto('presence_devices')
		.values({
			id,
			member,
			public_key: publicKey,
			presence_key: presenceKey,
			name,
			certificate,
			created_at: now,
			seen_at: now,
		})
		.execute();
	return { id, fresh: true };
}

function viewOf(row: PresenceDeviceRow, connected: ReadonlySet<string>): PresenceDevice {
	return {
		id: row.id,
		member: row.member,
		publicKey: row.public_key,
		presenceKey: row.presence_key,
		name: row.name,
		certificate: row.certificate,
		createdAt: row.created_at,
		seenAt: connected.has(row.id) ? null : row.seen_at,
	};
}

/** The extensions of a member, or without one everybody's, in the order of pairing. */
export async function listDevices(
	{ store, hub }: Context,
	options: { member?: string },
): Promise<PresenceDevice[]> {
	const all = store.selectFrom('presence_devices').selectAll().orderBy('created_at');
	const { member } = options;
	const rows = await (member === undefined ? all : all.where('member', '=', member)).execute();
	const connected = hub.connectedDevices();
	return rows.map((row) => viewOf(row, connected));
}

/** Takes extensions off the list, with all that was sealed to them. What is given back ends their tokens and sockets. */
export async function forgetDevices(
	{ tokens, hub }: Context,
	db: StoreTransaction,
	ids: readonly string[],
): Promise<() => void> {
	if (ids.length === 0) return () => {};
	await db.deleteFrom('presence_names').where('device', 'in', ids).execute();
	await db.deleteFrom('presence_devices').where('id', 'in', ids).execute();
	return () => {
		for (const id of ids) {
			tokens.revoke(id);
			hub.dropDevice(id, { evenInCall: true });
		}
	};
}

/** The same with all extensions of a member: her identity does not vouch for them any more. */
export async function forgetDevicesOf(
	context: Context,
	db: StoreTransaction,
	member: string,
): Promise<() => void> {
	const rows = await db
		.selectFrom('presence_devices')
		.select('id')
		.where('member', '=', member)
		.execute();
	return forgetDevices(
		context,
		db,
		rows.map(({ id }) => id),
	);
}

/** Writes down that an extension was connected until now. */
export async function markSeen(
	db: Store | StoreTransaction,
	device: string,
	clock: Clock,
): Promise<void> {
	await db
		.updateTable('presence_devices')
		.set({ seen_at: clock.now() })
		.where('id', '=', device)
		.execute();
}
