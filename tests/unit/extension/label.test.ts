import { expect, test } from 'vitest';
import type { PageDocument } from '../../../extension/background/pins/documents.ts';
import { label } from '../../../extension/background/pins/label.ts';
import type { Pin } from '../../../extension/background/pins/pin.ts';

const pin: Pin = {
	enabled: true,
	rule: 1,
	release: { version: '1.4.2', issued: 1, csp: "default-src 'none'", files: 170 },
	checkedAt: 7,
	problem: null,
};
const proven: PageDocument = {
	tab: 1,
	origin: '',
	exact: true,
	release: { version: '1.4.2', issued: 1, files: 170 },
	started: true,
	refused: false,
};

const mode = (
	of: Pin | undefined,
	open: readonly (PageDocument | undefined)[],
	packaged?: string,
): string => label(of, { open, holds: true, packaged }).mode;

test('a page is called pinned only when it came under the policy and its code runs', () => {
	expect(mode(pin, [])).toBe('pinned');
	expect(mode(pin, [proven])).toBe('pinned');
	expect(mode(pin, [proven, { ...proven, started: false }])).toBe('not-verified');
	expect(mode(pin, [proven, { ...proven, exact: false }])).toBe('not-verified');
	expect(mode(pin, [proven, undefined])).toBe('not-verified');
	expect(mode({ ...pin, enabled: false }, [proven])).toBe('not-verified');
	expect(mode(undefined, [])).toBe('not-verified');
	expect(label(pin, { open: [], holds: true, packaged: undefined })).toEqual({
		mode: 'pinned',
		version: '1.4.2',
		files: 170,
		checkedAt: 7,
	});
});

test('a page from before the newest release is called by the release that it came with', () => {
	const old = { ...proven, release: { version: '1.4.1', issued: 0, files: 160 } };
	const open = [proven, old];
	expect(label(pin, { open, holds: true, packaged: undefined })).toMatchObject({
		mode: 'pinned',
		version: '1.4.1',
		files: 160,
	});
});

test('one page in which something was refused is enough for blocked, and so is a false release', () => {
	expect(mode(pin, [proven, { ...proven, refused: true }, undefined])).toBe('blocked');
	expect(mode({ ...pin, problem: 'rollback' }, [])).toBe('blocked');
	expect(mode({ ...pin, problem: 'unsigned' }, [proven])).toBe('blocked');
	expect(mode({ ...pin, problem: 'unreachable' }, [proven])).toBe('pinned');
});

test('who works in the packaged app is told of a page of the server that is open beside it', () => {
	expect(label(undefined, { open: [], holds: false, packaged: '0.1.0' })).toEqual({
		mode: 'packaged',
		version: '0.1.0',
		files: 0,
		checkedAt: null,
	});
	expect(mode(undefined, [undefined], '0.1.0')).toBe('not-verified');
	expect(mode(pin, [proven], '0.1.0')).toBe('pinned');
	expect(mode({ ...pin, problem: 'unsigned' }, [], '0.1.0')).toBe('blocked');
});
