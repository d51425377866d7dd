/** The answer to a call with a streamed response over gRPC: each frame is a message. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { toStatus } from '../../wire/contract/grpc-status.js';
import { ReplyStream } from '../reply-stream.js';

export function replyOverGrpc(call: Pick<ServerWritableStream<object, Buffer>, 'write' | 'end' | 'emit' | 'on'>): ReplyStream {
  const reply = new ReplyStream({
    send: (bytes) => call.write(bytes as Buffer),
    end: () => void call.end(),
    fail: (error) => void call.emit('error', toStatus(error)),
  });
  call.on('drain', () => reply.onDrain());
  call.on('cancelled', () => reply.onClosed());
  call.on('error', () => reply.onClosed());
  return reply;
}
