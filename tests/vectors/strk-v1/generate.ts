import { writeFile } from 'node:fs/promises';
import { buildVectors } from './build.ts';

// node tests/vectors/strk-v1/generate.ts: writes the same file in every run.
const text = `${JSON.stringify(await buildVectors(), null, '\t')}\n`;
await writeFile(`${import.meta.dirname}/vectors.json`, text);
