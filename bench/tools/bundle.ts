import { build } from 'vite';

/** One of bench/pages as a single module for a browser, made as the app's own build makes its scripts. */
export async function bundle(entry: string): Promise<string> {
	const output = await build({
		configFile: false,
		root: `${import.meta.dirname}/../..`,
		logLevel: 'error',
		build: {
			write: false,
			target: 'es2024',
			modulePreload: false,
			rolldownOptions: {
				input: `${import.meta.dirname}/../pages/${entry}`,
				output: { codeSplitting: false },
			},
		},
	});
	for (const { output: files } of [output].flat().filter((one) => 'output' in one))
		for (const file of files) if (file.type === 'chunk' && file.isEntry) return file.code;
	throw new Error(`no script came of ${entry}`);
}
