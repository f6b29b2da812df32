import { expect, test } from 'vitest';
import { concernOf } from './left.ts';

test('of who left, the recordings are those she made and those she was let in to', () => {
	const [ann, ben] = ['ann', 'ben'];
	expect(concernOf({ host: ann, recipients: [ann, ben] }, ann)).toBe('host');
	// Also when her own grant is gone.
	expect(concernOf({ host: ann, recipients: [] }, ann)).toBe('host');
	expect(concernOf({ host: ann, recipients: [ann, ben] }, ben)).toBe('opener');
	expect(concernOf({ host: ann, recipients: [ann] }, ben)).toBeUndefined();
});
