/** Scan of a fake node, over gRPC and over frames. */
import { Metadata, type ServerWritableStream } from '@grpc/grpc-js';
import type { FrameHandler } from '../../../src/node/services/frame-server.js';
import { oneRequest } from '../../../src/node/services/one-request.js';
import { replyOverGrpc } from '../../../src/transport/grpc/grpc-reply-stream.js';
import { ReplyStream } from '../../../src/transport/index.js';
import { type PagePlace, ScanPageWriter, type ScanRequest, scanRequestTable } from '../../../src/wire/scan/scan-messages.js';

type Serve = (request: ScanRequest, reply: ReplyStream) => void;

export function scanOverGrpc(call: ServerWritableStream<Buffer, Buffer>, serve: Serve): void {
  call.sendMetadata(new Metadata());
  serve(scanRequestTable.decode(call.request), replyOverGrpc(call));
}

export function fakeScanHandler(serve: Serve): FrameHandler {
  return oneRequest(
    (request) => scanRequestTable.decode(request),
    (request, stream) => {
      const reply = new ReplyStream(stream);
      serve(request, reply);
      return reply;
    },
  );
}

/** A page with these keys, each of which is its own value. */
export function pageOf(keys: readonly string[], place: Partial<PagePlace> = {}): Buffer {
  const writer = new ScanPageWriter();
  for (const key of keys) writer.add(key, Buffer.from(key), 1, undefined);
  const position = { history: 'h', seq: 1 };
  return writer.take({ position, epoch: 1, nodeId: 'node', isLast: false, isExhausted: false, ...place });
}

export const end = { isLast: true, isExhausted: true };
