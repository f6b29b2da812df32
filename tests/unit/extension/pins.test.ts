import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Pin } from '../../../extension/background/pins/pin.ts';
import { publicHalf, seal } from '../../../scripts/manifest.js';

const origin = 'https://visit.example.org';
const pem = generateKeyPairSync('ed25519')
	.privateKey.export({ format: 'pem', type: 'pkcs8' })
	.toString();
const policyOf = (issued: number): string => `default-src 'none'; script-src 'sha256-${issued}'`;
const releaseOf = (issued: number) => {
	const csp = policyOf(issued);
	return { version: `${issued}`, commit: '', issued, csp, files: {} };
};
const pinOf = (issued: number): Pin => ({
	enabled: true,
	rule: 1,
	release: { ...releaseOf(issued), files: 0 },
	checkedAt: 0,
	problem: null,
});

let stored: Record<string, Record<string, Pin>>;
/** What the browser sets as the policy of the site. */
let policy: string | undefined;
/** Gives each question for the release its answer, in order. */
let answers: ((response: Response) => void)[];

beforeAll(() => {
	vi.stubGlobal('chrome', {
		runtime: { getURL: (path: string) => path },
		storage: {
			local: {
				get: async () => structuredClone(stored),
				set: async (next: typeof stored) => void (stored = structuredClone(next)),
			},
		},
		declarativeNetRequest: {
			HeaderOperation: {},
			ResourceType: {},
			RuleActionType: {},
			getDynamicRules: async () =>
				policy ? [{ action: { responseHeaders: [{ value: policy }] } }] : [],
			async updateDynamicRules({
				addRules,
			}: {
				addRules?: { action: { responseHeaders: { value: string }[] } }[];
			}) {
				policy = addRules?.[0]?.action.responseHeaders[0]?.value;
			},
		},
	});
	vi.stubGlobal('fetch', async (url: string) => {
		if (url === 'release-key.json') return Response.json({ key: publicHalf(pem) });
		return new Promise<Response>((resolve) => void answers.push(resolve));
	});
});
afterAll(() => vi.unstubAllGlobals());

/** A site that is held to release 1, and two that ask at the same time what it names now. */
async function two() {
	const { check, unpin } = await import('../../../extension/background/pins/check.ts');
	stored = { pins: { [origin]: pinOf(1) } };
	policy = policyOf(1);
	answers = [];
	const asked = [check(origin), check(origin)];
	await vi.waitFor(() => expect(answers).toHaveLength(2));
	const answer = (at: number, issued: number): void =>
		answers[at]?.(new Response(seal(releaseOf(issued), pem)));
	return { asked, answer, unpin };
}

test('of two answers at once the newer release wins, also when the older one comes last', async () => {
	const { asked, answer } = await two();
	answer(0, 3);
	expect(await asked[0]).toBe(true);
	answer(1, 2);
	expect(await asked[1]).toBe(false);
	expect(stored['pins']?.[origin]?.release.issued).toBe(3);
	expect(policy).toBe(policyOf(3));
});

test('an answer that comes after the pin was taken off holds the site to nothing', async () => {
	const { asked, answer, unpin } = await two();
	await unpin(origin);
	answer(0, 2);
	answer(1, 2);
	expect(await Promise.all(asked)).toEqual([false, false]);
	expect(stored['pins']?.[origin]?.enabled).toBe(false);
	expect(policy).toBeUndefined();
});
