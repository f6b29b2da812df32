import { expect, test, vi } from 'vitest';

test('hiding the address at one practice of the packaged app leaves the others as they are', async () => {
	const kept = new Map<string, string>();
	vi.stubGlobal('localStorage', {
		getItem: (name: string) => kept.get(name) ?? null,
		setItem: (name: string, value: string) => void kept.set(name, value),
	});
	const at = async (server: string) => {
		vi.resetModules();
		vi.doMock('#lib/net/home.ts', () => ({ nameHere: (name: string) => `${name} ${server}` }));
		vi.doMock('#lib/net/api.ts', () => ({}));
		return import('#lib/call/ice.ts');
	};
	(await at('https://one.example')).hideAddress(true);
	expect((await at('https://two.example')).hidesAddress()).toBe(false);
	expect((await at('https://one.example')).hidesAddress()).toBe(true);
	vi.unstubAllGlobals();
});
