export { clearBytes } from './codec.ts';
export { type Header, decodeHeader, encodeHeader, headerSizeMax } from './header.ts';
export { type OpenedFrame, SFrameKeyring, generationsMax } from './keyring.ts';
export { kidOf } from './kid.ts';
export { SFrameSender, framesMax } from './sender.ts';
