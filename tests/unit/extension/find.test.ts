import { afterEach, expect, test, vi } from 'vitest';

const [own, named] = ['a'.repeat(32), 'b'.repeat(32)];
const hello = { version: 1, paired: [] };

afterEach(() => {
	vi.unstubAllGlobals();
	vi.doUnmock('#lib/net/home.ts');
	vi.doUnmock('#lib/net/config.ts');
});

/** Whom a page asks, where the server names another extension first. */
async function asked(packaged: boolean): Promise<string[]> {
	const ids: string[] = [];
	vi.resetModules();
	vi.stubGlobal('location', { hostname: own });
	vi.stubGlobal('chrome', {
		runtime: {
			sendMessage: async (id: string) => {
				ids.push(id);
				return hello;
			},
		},
	});
	vi.doMock('#lib/net/home.ts', () => ({ packaged, server: 'https://visit.example' }));
	vi.doMock('#lib/net/config.ts', () => ({ config: async () => ({ extensions: [named, own] }) }));
	const { findExtension } = await import('#lib/presence/extension.ts');
	expect((await findExtension())?.id).toBe(ids[0]);
	return ids;
}

test('the packaged app asks the extension that it is in, whichever its server names', async () => {
	expect(await asked(true)).toEqual([own]);
	expect(await asked(false)).toEqual([named]);
});
