import type { Reasons } from './ignored.ts';

/** Of pwa/messages/en/proof.json. */
export const proof: Reasons = {
	'work under way, or a check that could not be made': ['proof_checking', 'proof_offline'],
	'the name of a button, a link, a dialog or a file': [
		'proof_open',
		'proof_evidence_file',
		'proof_log_file',
		'proof_witness_file',
		'proof_accept',
		'proof_accept_title',
		'proof_accept_text',
		'proof_accept_keep',
	],
};
