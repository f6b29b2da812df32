/** A call of two over simple-peer and a WebSocket relay, with nothing of ours: what the app is compared with. */
import type { Instance, SignalData } from 'simple-peer';
import SimplePeer from 'simple-peer/simplepeer.min.js';

interface Said {
	readonly to: 'everybody';
	readonly signal: SignalData;
}

const find = <T extends Element>(selector: string, type: new () => T): T => {
	const found = document.querySelector(selector);
	if (!(found instanceof type)) throw new TypeError(`the page has ${selector}`);
	return found;
};

// What the app asks of devices, and the bit rate that it asks of the encoder.
const devices = {
	video: { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 30, max: 30 } },
	audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
} satisfies MediaStreamConstraints;
const bitsPerSecond = 900_000;

let peer: Instance | undefined;

async function limit(connection: RTCPeerConnection): Promise<void> {
	const sender = connection.getSenders().find((one) => one.track?.kind === 'video');
	const parameters = sender?.getParameters();
	if (!sender || !parameters) return;
	for (const encoding of parameters.encodings) encoding.maxBitrate = bitsPerSecond;
	await sender.setParameters(parameters);
}

function call(options: { initiator: boolean; stream: MediaStream; socket: WebSocket }): Instance {
	const { initiator, stream, socket } = options;
	const made = new SimplePeer({ initiator, stream, config: { iceServers: [] } });
	made.on('signal', (signal) => socket.send(JSON.stringify({ to: 'everybody', signal })));
	made.on('stream', (remote) => {
		find('#remote', HTMLVideoElement).srcObject = remote;
	});
	made.on('connect', () => {
		if ('_pc' in made && made._pc instanceof RTCPeerConnection) void limit(made._pc);
	});
	return made;
}

async function open(): Promise<{ stream: MediaStream; socket: WebSocket }> {
	const stream = await navigator.mediaDevices.getUserMedia(devices);
	find('#own', HTMLVideoElement).srcObject = stream;
	const socket = new WebSocket(location.origin.replace(/^http/, 'ws'));
	await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
	socket.addEventListener('message', (event: MessageEvent<string>) => {
		const said: Said = JSON.parse(event.data);
		peer ??= call({ initiator: false, stream, socket });
		peer.signal(said.signal);
	});
	return { stream, socket };
}

const button = find('#connect', HTMLButtonElement);
// As from a dashboard: camera and server only when Connect is pressed. Otherwise as from a room that is open.
const late = location.hash === '#late';
let ready: ReturnType<typeof open> | undefined = late ? undefined : open();
await ready;
async function connect(): Promise<void> {
	ready ??= open();
	peer = call({ initiator: true, ...(await ready) });
}

button.addEventListener('click', () => void connect());
button.disabled = false;
