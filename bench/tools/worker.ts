import { launch } from '../../tests/e2e/browsers.ts';
import { bundle } from './bundle.ts';
import { startSite } from './site.ts';

/** What a worker of bench/pages answers to one message, on a page of its own in a browser of its own. */
export async function askWorker<Answer>(entry: string, work: unknown): Promise<Answer> {
	const page = `<!doctype html><title>${entry}</title>`;
	const site = await startSite({ '/': page, '/worker.js': await bundle(entry) });
	const browser = await launch();
	try {
		const tab = await browser.newPage();
		await tab.goto(site.address);
		return await tab.evaluate(
			(message) =>
				new Promise<Answer>((resolve, reject) => {
					const worker = new Worker('/worker.js', { type: 'module' });
					worker.addEventListener('message', (event) => resolve(event.data));
					worker.addEventListener('error', (event) => reject(new Error(event.message)));
					worker.postMessage(message);
				}),
			work,
		);
	} finally {
		await browser.close();
		await site.close();
	}
}
