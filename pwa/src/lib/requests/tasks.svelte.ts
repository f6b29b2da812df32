import type { Bytes } from '#crypto/bytes.ts';
import { CryptoError } from '#crypto/errors.ts';
import type { PublicIdentity } from '#crypto/identity/identity.ts';
import { memberOf } from '#crypto/members/members.ts';
import { account } from '#lib/account/account.svelte.ts';
import { fetchJson, request } from '#lib/net/api.ts';
import { namesOf } from '#lib/recordings/names.ts';
import {
	type CloseRequest,
	type ExtensionReason,
	type RequestTask,
	RequestTasks,
} from '#protocol/requests.ts';
import { askerOf, sealAnswer } from './answer.ts';

/** A request as the practice reads it. */
export interface Task extends RequestTask {
	/** Of whoever asks, undefined where this device cannot open it. */
	readonly name: string | undefined;
	/** Whether the signature, where there is one, is false. */
	readonly forged: boolean;
	/** To whom words can be sealed. */
	readonly box: PublicIdentity | undefined;
	/** The key that signed it, where one did. */
	readonly key: Bytes | undefined;
	/** It was said while the visit lasted. */
	readonly inCall: boolean;
}

export type TaskAnswer =
	| { readonly state: 'extend'; readonly reason: ExtensionReason }
	| DistributiveOmit<CloseRequest, 'words'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

async function read(task: RequestTask): Promise<Task> {
	const name = (await namesOf(task.session)).get(task.place);
	const member = task.member === null ? undefined : memberOf(account.members, task.member);
	try {
		const asker = await askerOf(task);
		const inCall = asker !== undefined && asker.box === undefined;
		const box = asker?.box ?? member?.publicIdentity;
		return { ...task, name, forged: false, box, key: asker?.key, inCall };
	} catch (error) {
		if (!(error instanceof CryptoError)) throw error;
		return { ...task, name, forged: true, box: undefined, key: undefined, inCall: false };
	}
}

/** What people asked of this member, or of the practice for an admin. */
export class Tasks {
	loading = $state(true);
	failure = $state.raw<unknown>();
	all = $state.raw<readonly Task[]>([]);

	get open(): readonly Task[] {
		return this.all.filter(({ state }) => state === 'open');
	}

	load = async (): Promise<void> => {
		this.failure = undefined;
		try {
			const { requests } = await fetchJson(RequestTasks, { path: '/api/requests' });
			this.all = await Promise.all(requests.map(read));
		} catch (error) {
			this.failure = error;
		}
		this.loading = false;
	};

	/** Throws `ApiError`: `conflict` when somebody else answered first. */
	async answer(task: Task, answer: TaskAnswer, text: string): Promise<void> {
		const own = account.practice.recordsIdentity;
		const { id, box } = task;
		const words = box && text !== '' ? await sealAnswer({ request: id, to: box, own, text }) : null;
		const { state, ...rest } = answer;
		const later = state === 'extend';
		const path = `/api/requests/${id}/${later ? 'extend' : 'close'}`;
		const body = later ? { ...rest, words } : { state, ...rest, words };
		await request({ method: 'POST', path, body });
		await this.load();
	}
}
