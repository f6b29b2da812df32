/** What simple-peer uses of Node's Buffer: the bytes of a message. */
exports.Buffer = { from: (data) => new Uint8Array(data) };
