import { readFileSync, readdirSync } from 'node:fs';
import {
	type CiphersuiteImpl,
	type ClientState,
	type Proposal,
	acceptAll,
	createCommit,
	createGroup,
	defaultLifetime,
	emptyPskIndex,
	generateKeyPackage,
	getCiphersuiteFromName,
	getCiphersuiteImpl,
	joinGroup,
	mlsExporter,
	processPrivateMessage,
} from 'ts-mls';
import { expect, test } from 'vitest';
import { random, toHex, utf8 } from '#crypto/bytes.ts';
import { suiteName } from '#crypto/group/library.ts';

const root = `${import.meta.dirname}/../..`;

function sframeKey(state: ClientState, suite: CiphersuiteImpl): Promise<Uint8Array> {
	const { exporterSecret } = state.keySchedule;
	return mlsExporter(exporterSecret, 'SFrame 1.0 Base Key', new Uint8Array(), 16, suite);
}

/** A group of three as the library itself keeps it, with Removes in place, which we never do. */
async function groupInPlace() {
	const suite = await getCiphersuiteImpl(getCiphersuiteFromName(suiteName));
	const capabilities = {
		versions: ['mls10' as const],
		ciphersuites: [suiteName],
		extensions: [],
		proposals: [],
		credentials: ['basic' as const],
	};
	const packageOf = (name: string) => {
		const credential = { credentialType: 'basic' as const, identity: utf8(name) };
		return generateKeyPackage(credential, capabilities, defaultLifetime, [], suite);
	};
	const [host, ann, recorder] = [
		await packageOf('host'),
		await packageOf('ann'),
		await packageOf('recorder'),
	];
	const empty = await createGroup(random(16), host.publicPackage, host.privatePackage, [], suite);
	const extraProposals: Proposal[] = [ann, recorder].map((one) => ({
		proposalType: 'add',
		add: { keyPackage: one.publicPackage },
	}));
	const added = await createCommit(
		{ state: empty, cipherSuite: suite },
		{ extraProposals, ratchetTreeExtension: true },
	);
	const { welcome } = added;
	if (!welcome) throw new Error('no Welcome');
	const join = (own: typeof ann) =>
		joinGroup(welcome, own.publicPackage, own.privatePackage, emptyPskIndex, suite);
	return { suite, host: added.newState, ann: await join(ann), recorder: await join(recorder) };
}

test('a member whom the pinned library removes does not hold the key of the next epoch', async () => {
	const { suite, host, ann, recorder } = await groupInPlace();
	const before = toHex(await sframeKey(host, suite));
	expect(toHex(await sframeKey(recorder, suite))).toBe(before);
	const remove: Proposal = { proposalType: 'remove', remove: { removed: 2 } };
	const { commit, newState } = await createCommit(
		{ state: host, cipherSuite: suite },
		{ extraProposals: [remove] },
	);
	if (commit.wireformat !== 'mls_private_message') throw new Error('not private');
	const { privateMessage } = commit;
	const process = (state: ClientState) =>
		processPrivateMessage(state, privateMessage, emptyPskIndex, suite, acceptAll);
	const after = toHex(await sframeKey(newState, suite));
	expect(after).not.toBe(before);
	const stays = await process(ann);
	expect(toHex(await sframeKey(stays.newState, suite))).toBe(after);
	// Older versions left out the update path here, and the removed member computed the next key.
	const gone = await process(recorder).then(
		({ newState: state }) => sframeKey(state, suite).then(toHex),
		() => 'threw',
	);
	expect(gone).not.toBe(after);
});

test('exactly this version is pinned', () => {
	const manifest: unknown = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
	expect(manifest).toMatchObject({ dependencies: { 'ts-mls': '1.6.4' } });
	const lock: unknown = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8'));
	expect(lock).toMatchObject({ packages: { 'node_modules/ts-mls': { version: '1.6.4' } } });
});

test('the product proposes nothing but adding, and processes no commit', () => {
	const folder = `${root}/crypto/group`;
	const files = readdirSync(folder).filter((name) => /^(?!.*\.test\.).*\.ts$/.test(name));
	expect(files).toContain('make.ts');
	const source = files.map((name) => readFileSync(`${folder}/${name}`, 'utf8')).join('\n');
	expect(source.match(/proposalType: '\w+'/g)).toEqual(["proposalType: 'add'"]);
	expect(source.match(/\bcreateCommit\(/g)).toHaveLength(1);
	for (const never of [
		'createProposal(',
		'processMessage(',
		'processPrivateMessage(',
		'processPublicMessage(',
		'joinGroupExternal(',
		'encodeGroupState(',
	]) {
		const code = source.replaceAll(/\/\/.*$|\/\*[\s\S]*?\*\//gm, '');
		expect(code).not.toContain(never);
	}
});
