import { expect, test, vi } from 'vitest';
import { fromBase64url } from '#crypto/bytes.ts';
import { openCheckpoint, parseNoteKey } from '#crypto/log/note.ts';
import { verifyInclusion } from '#crypto/log/tree.ts';
import { hashOfRow } from '#lib/proof/rows.ts';
import { storeRecording } from '../recorded.ts';
import { films, refusal, sharing } from '../sharing.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const here = sharing();
const part2 = {
	program: 'Alder Street Recovery',
	what: 'Sound and picture of this visit',
	to: 'Rosa Whitfield',
	revoke: 'In writing',
	ends: 'When the recording is deleted',
	care: false,
	refusal: 'The visit takes place all the same',
};

test('what falls under 42 CFR Part 2 has no full link, whatever the practice allows, and whoever opens a share has the consent’s scope and who signed it', async () => {
	await here.allow({ mail: true, links: true });
	expect(await refusal(here.share({ way: 'link' }))).toBe('granted');
	const plain = await here.share();
	const signature = { signedAs: 'Dana Whitfield', at: 1_800_000_000_000 };
	const people = Object.entries(films).map(([name, film]) => ({
		name,
		film,
		startMs: 0,
		durationMs: 60_000,
	}));
	const [maya, dana] = people;
	if (!maya || !dana) throw new Error('two people');
	here.recorded = await storeRecording(here.device, {
		people: [maya, dana],
		part2,
		company: { 'Dana Whitfield': signature, 'Dr. Maya Okafor': { ...signature, signedAs: 'Maya' } },
	});
	const { evidence } = await here.opened();
	expect(evidence.notice?.notice.part2).toEqual(part2);
	expect(await refusal(here.share({ way: 'link' }))).toBe('forbidden');
	const share = await here.share();
	const told = async ({ id, words }: typeof share) => {
		const visit = await here.proven(id);
		return (await visit.openWithWords(words ?? '')).part2;
	};
	// Of those only who are in the share.
	const signed = [{ name: 'Dana Whitfield', at: signature.at }];
	expect([await told(share), await told(plain)]).toEqual([{ consent: part2, signed }, null]);
});

test('each share stands in the accounting of disclosures with its recipient, which the server cannot read', async () => {
	const { fetchDisclosures, tellCopy } = await import('../../pwa/src/lib/requests/disclosure.ts');
	const why = { basis: 'authorized', purpose: 'Her care at home' } as const;
	const share = await here.share({
		name: 'Rosa Whitfield',
		email: 'rosa@family.example',
		...why,
	});
	const copy = { to: 'A court', address: '1 Main Street', what: 'A copy', purpose: 'An order' };
	await tellCopy(here.recorded.id, { ...copy, basis: 'other', people: ['Dana Whitfield'] });
	const all = await fetchDisclosures(0, here.local.clock.now());
	expect(all.find(({ id }) => id === share.id)).toMatchObject({
		act: 'shared',
		recording: here.recorded.id,
		told: {
			to: 'Rosa Whitfield',
			address: 'rosa@family.example',
			people: ['Dana Whitfield'],
			...why,
		},
	});
	expect(all.find(({ told }) => told?.to === 'A court')).toMatchObject({ act: 'exported' });
	const rows = await here.local.server.context.store
		.selectFrom('disclosures')
		.select('sealed')
		.execute();
	expect(rows.length).toBeGreaterThan(2);
	for (const { sealed } of rows)
		for (const words of ['Rosa', 'court', 'Dana', 'care at home'])
			expect(Buffer.from(sealed, 'base64url').includes(words)).toBe(false);
});

test('the history in a copy is proved against the head that the server signed, row by row, without the server', async () => {
	const { provenHistory } = await import('../../pwa/src/lib/export/logged.ts');
	const { fetchHistory } = await import('../../pwa/src/lib/recordings/store.ts');
	const history = await fetchHistory((await here.opened()).recording);
	// As it lies in the file.
	const { checkpoint, rows } = JSON.parse(JSON.stringify(await provenHistory(history)));
	const head = await openCheckpoint(checkpoint.note, parseNoteKey(checkpoint.key));
	expect(rows.length).toBeGreaterThan(2);
	for (const { row, proof } of rows) {
		const proves = (leaf: ReturnType<typeof hashOfRow>) =>
			leaf !== undefined &&
			verifyInclusion({
				leaf,
				index: row.n - 1,
				size: head.size,
				path: proof.path.map(fromBase64url),
				root: head.root,
			});
		expect(proves(hashOfRow(row))).toBe(true);
		expect(proves(hashOfRow({ ...row, at: row.at + 1 }))).toBe(false);
	}
});
