/** `node bench/run.ts NAME [--json FILE] [--repeats N]`; NAME may be `all`. Without it, says what there is. */
import { readdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Figures, Options } from './tools/options.ts';
import { machine } from './tools/machine.ts';
import { say, table } from './tools/table.ts';

/** One file a question; the one that runs them is none. */
const names = readdirSync(import.meta.dirname)
	.flatMap((file) => /^(\w+)\.ts$/.exec(file)?.[1] ?? [])
	.filter((name) => name !== 'run')
	.toSorted();

async function measure(name: string, options: Options): Promise<Figures> {
	const { run }: { run: (options: Options) => Promise<Figures> } = await import(`./${name}.ts`);
	say(`\n${name}`);
	const figures = await run(options);
	table(Object.entries(figures).map(([key, value]) => ({ key, value: String(value) })));
	return figures;
}

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { json: { type: 'string' }, repeats: { type: 'string' } },
	});
	const [name] = positionals;
	const repeats = values.repeats === undefined ? undefined : Number(values.repeats);
	if (name === undefined || (name !== 'all' && !names.includes(name))) {
		say('npm run bench -- NAME [--json FILE] [--repeats N], where NAME is all or one of:');
		say(names.join(' '));
		process.exitCode = name === undefined ? 0 : 1;
		return;
	}
	say(machine());
	const wanted = name === 'all' ? names : [name];
	const all: Record<string, Figures> = {};
	for (const one of wanted) all[one] = await measure(one, { repeats });
	const figures = name === 'all' ? all : all[name];
	if (values.json) writeFileSync(values.json, `${JSON.stringify(figures, null, '\t')}\n`);
}

await main();
// A browser that did not close must not keep the figures waiting.
process.exit();
