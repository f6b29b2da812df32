import { extractWelcomeSecret, signGroupInfo } from 'ts-mls/groupInfo.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import {
	decryptGroupInfo,
	decryptGroupSecrets,
	encryptGroupInfo,
	encryptGroupSecrets,
} from 'ts-mls/welcome.js';
import type { Bytes } from '#crypto/bytes.ts';
import { type OwnPackage, decodeMessage, encodeMessage, suiteFor } from '#crypto/group/library.ts';
import { type PackageStore, readPackage } from '#crypto/group/packages.ts';

/**
 * What an insider can make of a Welcome that never came into force: the same group, signed by herself instead of its
 * creator, sealed to the same victim again.
 */
export async function resign(options: {
	store: PackageStore;
	welcome: Bytes;
	victim: Bytes;
	signer: number;
}): Promise<Bytes> {
	const { store, welcome: bytes, victim, signer } = options;
	const message = decodeMessage(bytes);
	if (message.wireformat !== 'mls_welcome') throw new Error('not a Welcome');
	const { welcome } = message;
	const { suite, handle } = await suiteFor(store.signing);
	const { hpke, kdf, hash } = suite;
	const { own, ref } = ownOf(store, welcome.secrets);
	const key = await hpke.importPrivateKey(own.privatePackage.initPrivateKey);
	const secrets = await decryptGroupSecrets(key, ref, welcome, hpke);
	if (!secrets) throw new Error('no secrets');
	const noPsk = new Uint8Array(kdf.size);
	const info = await decryptGroupInfo(welcome, secrets.joinerSecret, noPsk, suite);
	if (!info) throw new Error('no GroupInfo');
	const hers = await signGroupInfo({ ...info, signer }, handle.signKey, suite.signature);
	const welcomeSecret = await extractWelcomeSecret(secrets.joinerSecret, noPsk, kdf);
	const encryptedGroupInfo = await encryptGroupInfo(hers, welcomeSecret, suite);
	const { keyPackage } = await readPackage(victim);
	const sealed = await encryptGroupSecrets(
		await hpke.importPublicKey(keyPackage.initKey),
		encryptedGroupInfo,
		{ ...secrets, pathSecret: undefined },
		hpke,
	);
	return encodeMessage({
		version: 'mls10',
		wireformat: 'mls_welcome',
		welcome: {
			cipherSuite: welcome.cipherSuite,
			encryptedGroupInfo,
			secrets: [
				{
					newMember: await makeKeyPackageRef(keyPackage, hash),
					encryptedGroupSecrets: { kemOutput: sealed.enc, ciphertext: sealed.ct },
				},
			],
		},
	});
}

function ownOf(store: PackageStore, secrets: readonly { newMember: Uint8Array }[]) {
	for (const { newMember: ref } of secrets) {
		const own: OwnPackage | undefined = store.peek(ref);
		if (own) return { own, ref };
	}
	throw new Error('not invited');
}
