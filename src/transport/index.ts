/** Streams of frames between processes, and the port that frames share with gRPC. */
export { type CutReason, cutReasons } from './cut-reason.js';
export { FrameCounts } from './frame-counts.js';
export { protocolVersion as framesVersion } from './frame-messages.js';
export type { FrameListener, FrameStream, OpeningListener } from './frame-stream.js';
export { ReplyStream } from './reply-stream.js';
export { SharedPort } from './shared-port.js';
export { acceptTcp, type Incoming } from './tcp/accept.js';
export { dialTcp } from './tcp/dial.js';
export { preface as framesPreface } from './tcp/frame-format.js';
export { TurnEnd } from './turn-end.js';
