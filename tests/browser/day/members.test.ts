import { expect, test, vi } from 'vitest';
import { memberName } from '#lib/history/members.ts';

const state = vi.hoisted(() => ({ is: 'unlocked' }));

vi.mock('#lib/account/account.svelte.ts', () => ({
	account: {
		get state() {
			return state.is;
		},
		member: { id: 'maya', name: 'Dr. Maya Okafor' },
		members: { members: [{ id: 'maya' }, { id: 'sam' }], former: [{ id: 'kim' }] },
	},
}));
vi.mock('#lib/people/people.svelte.ts', () => ({
	people: { nameOf: (id: string) => `The server's name of ${id}` },
}));

test('colleagues are named when they are or were on the signed list, and nobody else is', () => {
	expect(memberName('maya')).toBe('Dr. Maya Okafor');
	expect(memberName('sam')).toBe("The server's name of sam");
	expect(memberName('kim')).toBe("The server's name of kim");
	expect(memberName('stranger')).toBeUndefined();
	state.is = 'locked';
	expect(memberName('maya')).toBeUndefined();
});
