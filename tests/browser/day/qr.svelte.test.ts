import { encode } from 'uqr';
import { expect, test } from 'vitest';
import { render } from 'vitest-browser-svelte';
import { page } from 'vitest/browser';
import Qr from '#lib/ui/Qr.svelte';

const text = 'https://practice.example/j/AAAAAAAAAAAAAAAAAAAAAA#v1.0123456789abcdefghijkl';
const scale = 4;

/** What a camera sees: dark or light in the middle of every module. */
async function look(svg: SVGElement, size: number): Promise<boolean[][]> {
	const copy = svg.cloneNode(true);
	if (!(copy instanceof SVGElement)) throw new TypeError('no picture');
	copy.setAttribute('width', `${size * scale}`);
	copy.setAttribute('height', `${size * scale}`);
	const image = new Image();
	const source = new XMLSerializer().serializeToString(copy);
	image.src = URL.createObjectURL(new Blob([source], { type: 'image/svg+xml' }));
	await image.decode();
	const canvas = new OffscreenCanvas(size * scale, size * scale);
	const context = canvas.getContext('2d');
	if (!context) throw new TypeError('no canvas');
	context.drawImage(image, 0, 0);
	return Array.from({ length: size }, (_, y) =>
		Array.from({ length: size }, (__, x) => {
			const at = [(x + 0.5) * scale, (y + 0.5) * scale] as const;
			return (context.getImageData(...at, 1, 1).data[0] ?? 255) < 128;
		}),
	);
}

test('every module of the code is drawn, with white around it, and the words say what it is', async () => {
	await render(Qr, { text, label: 'QR code of the link for Dana' });
	const picture = page.getByRole('img', { name: 'QR code of the link for Dana' });
	await expect.element(picture).toBeVisible();
	const svg = picture.element();
	if (!(svg instanceof SVGElement)) throw new TypeError('no picture');
	const { data, size } = encode(text, { ecc: 'M', border: 4 });
	const seen = await look(svg, size);
	expect(seen).toEqual(data);
	const edge = seen.flatMap((row, y) =>
		row.filter((_, x) => Math.min(x, y, size - 1 - x, size - 1 - y) < 4),
	);
	expect(edge).not.toContain(true);
});
