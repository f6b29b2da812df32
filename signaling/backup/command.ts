import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { ConfigError, readConfig } from '../config.ts';
import { systemCode } from '../errors.ts';
import { complain, say } from '../log.ts';
import { makeBackup, readDescription } from './backup.ts';
import { BackupError } from './errors.ts';
import { restoreBackup } from './restore.ts';

const usage = `npm run backup -- FOLDER
npm run restore -- FOLDER --tombstones FILE
npm run restore -- FOLDER --without-tombstones
DATA_DIR names the folder of the server.`;

const warning = (day: string) =>
	`Without the file of tombstones recordings come back that were deleted after ${day}.
So do destroyed tracks, and access that was ended.
It is tombstones.log in the folder of the server that you replace, or in a newer backup.`;

/** Whether the operator wants to go on without tombstones. Nobody at a terminal has said nothing. */
async function agrees(): Promise<boolean> {
	if (!process.stdin.isTTY) return false;
	const asking = createInterface({ input: process.stdin, output: process.stdout });
	try {
		return (await asking.question('Bring them back? Type yes: ')).trim() === 'yes';
	} finally {
		asking.close();
	}
}

async function backup(folder: string, dataDir: string): Promise<void> {
	const { recordings, bytes } = await makeBackup({ dataDir, folder, now: Date.now() });
	say(`${recordings} recordings, ${bytes} bytes, are in ${folder}.`);
	say('It holds what the server needs to let people sign in: keep it as safe as the server.');
}

async function restore(
	folder: string,
	dataDir: string,
	options: { tombstones: string | undefined; without: boolean },
): Promise<void> {
	const { tombstones, without } = options;
	if (tombstones === undefined && !without) {
		const { at } = await readDescription(folder);
		complain(warning(new Date(at).toISOString()));
		if (!(await agrees())) throw new BackupError('Nothing was restored.');
	}
	const restored = await restoreBackup({ folder, dataDir, tombstones });
	const { description, recordings, deleted, tracks, access, relocked } = restored;
	say(`${recordings} recordings are in ${dataDir}.`);
	say(`${deleted} recordings of the backup were deleted since and are not there again.`);
	if (tracks > 0) say(`${tracks} tracks of others were destroyed since and are not there again.`);
	if (access > 0) say(`${access} keys of members whose access was ended since are gone again.`);
	if (relocked.length > 0)
		say(
			`Under keys of before, seal them anew: ${relocked.map((id) => `/recordings/${id}`).join(' ')}`,
		);
	const day = new Date(description.at).toISOString();
	say(
		`Passwords, passkeys, browsers and roles are as they were on ${day}: change again what was changed since.`,
	);
}

async function main(): Promise<void> {
	const { positionals, values } = parseArgs({
		allowPositionals: true,
		options: { tombstones: { type: 'string' }, 'without-tombstones': { type: 'boolean' } },
	});
	const [command, folder, ...more] = positionals;
	const { dataDir } = readConfig(process.env);
	if (folder === undefined || more.length > 0) throw new BackupError(usage);
	if (command === 'backup') await backup(folder, dataDir);
	else
		await restore(folder, dataDir, {
			tombstones: values.tombstones,
			without: values['without-tombstones'] ?? false,
		});
}

try {
	await main();
} catch (error) {
	const busy = systemCode(error) === 'SQLITE_BUSY';
	const known = error instanceof BackupError || error instanceof ConfigError;
	if (known) complain(error.message);
	else if (busy) complain('The database is in use: try again.');
	else throw error;
	process.exitCode = 1;
}
