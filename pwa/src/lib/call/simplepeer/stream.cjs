/** What simple-peer uses of a Node stream: events, and bytes that come as `data`. Nobody pipes it here. */
class Duplex {
	constructor() {
		this.listeners = new Map();
		this['_readableState'] = { ended: false };
		this['_writableState'] = { finished: false };
	}

	on(name, listener) {
		this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
		return this;
	}

	once(name, listener) {
		const wrapped = (...args) => {
			this.removeListener(name, wrapped);
			listener(...args);
		};
		wrapped.listener = listener;
		return this.on(name, wrapped);
	}

	removeListener(name, listener) {
		const kept = (this.listeners.get(name) ?? []).filter(
			(one) => one !== listener && one.listener !== listener,
		);
		this.listeners.set(name, kept);
		return this;
	}

	emit(name, ...args) {
		const listeners = this.listeners.get(name) ?? [];
		for (const listener of listeners) listener(...args);
		return listeners.length > 0;
	}

	/** null: no more bytes come. */
	push(bytes) {
		if (bytes === null) this['_readableState'].ended = true;
		else this.emit('data', bytes);
	}

	end() {
		this['_writableState'].finished = true;
	}
}

exports.Duplex = Duplex;
