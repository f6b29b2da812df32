/** What simple-peer names itself and its data channel with: random bytes, as hexadecimal digits. */
module.exports = (size) => {
	const bytes = crypto.getRandomValues(new Uint8Array(size));
	return {
		toString: () => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
	};
};
