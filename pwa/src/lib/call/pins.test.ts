import { expect, test, vi } from 'vitest';
import { random } from '#crypto/bytes.ts';
import { Pins } from './pins.ts';
import { needsNoLook } from './proven.ts';
import type { ProvenLevel } from './view.ts';

const disk = vi.hoisted(() => {
	vi.stubGlobal('location', new URL('https://practice.example/'));
	return new Map<string, unknown>();
});
vi.mock('idb-keyval', () => ({
	createStore: () => undefined,
	get: async (name: string) => disk.get(name),
	set: async (name: string, value: unknown) => void disk.set(name, value),
	entries: async () => [...disk],
}));

test('who was met under another name is neither called known as Dana, nor let in unseen', async () => {
	const [eve, dana] = [random(32), random(32)];
	const before = await Pins.open('maya', 'before');
	const seen = async (name: string, proven: ProvenLevel) => {
		const pins = await Pins.open('maya', 'session');
		const trust = pins.label(eve, name, proven);
		const keyChanged = pins.changed(eve, name);
		return { level: trust.level, unseen: needsNoLook({ trust, keyChanged }) };
	};
	await before.met(eve, 'Eve');
	expect(await seen('Eve', 0)).toEqual({ level: 3, unseen: true });
	expect(await seen('Dana', 0)).toEqual({ level: 0, unseen: false });
	await before.compared(eve, 'Eve');
	expect(await seen('Eve', 0)).toEqual({ level: 4, unseen: true });
	expect(await seen('Dana', 0)).toEqual({ level: 0, unseen: false });
	// Also with Dana's own link, when Dana was met under another key.
	expect(await seen('Dana', 1)).toEqual({ level: 1, unseen: true });
	await before.met(dana, 'Dana');
	expect(await seen('Dana', 1)).toEqual({ level: 1, unseen: false });
});
