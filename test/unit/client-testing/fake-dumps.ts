/** DumpShard of a fake node, over gRPC and over frames. */
import { Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import type { FrameHandler } from '../../../src/node/services/frame-server.js';
import { oneRequest } from '../../../src/node/services/one-request.js';
import { replyOverGrpc } from '../../../src/transport/grpc/grpc-reply-stream.js';
import { ReplyStream } from '../../../src/transport/index.js';
import { type DumpShardRequest, dumpRequestTable } from '../../../src/wire/dump/dump-parts.js';

type Serve = (request: DumpShardRequest, reply: ReplyStream) => void;

export function dumpOverGrpc(call: ServerWritableStream<DumpShardRequest, Buffer>, serve: Serve): void {
  call.sendMetadata(new Metadata());
  serve(call.request, replyOverGrpc(call));
}

export function fakeDumpHandler(serve: Serve): FrameHandler {
  return oneRequest(
    (request) => dumpRequestTable.decode(request),
    (request, stream) => {
      const reply = new ReplyStream(stream);
      serve(request, reply);
      return reply;
    },
  );
}
