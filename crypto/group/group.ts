export { Epoch, type OpenedMessage, plaintextSizeMax } from './epoch.ts';
export { type Evidence, EvidenceSchema, type VerifiedEvidence, noEvidence } from './evidence.ts';
export { type JoinOptions, joinEpoch, welcomeSizeMax } from './join.ts';
export type { Known } from './known.ts';
export { type MakeOptions, makeEpoch } from './make.ts';
export { mergeEvidence } from './merge.ts';
export { type PackageClaim, PackageStore, openPackage, packageSizeMax } from './packages.ts';
export { type Member, peopleMax, recordersMax } from './policy.ts';
export { EpochRefused, type Refusal } from './refusal.ts';
export {
	type RecorderCertificate,
	Role,
	type SignedAdmission,
	type SignedRemoval,
	certifyRecorder,
	signAdmission,
	signRemoval,
} from './statements.ts';
