/** A client of one pipeline for each operation. */
import type { FrameStream } from '../../../transport/index.js';
import { changes, isChange } from '../../../wire/contract/change-messages.js';
import { writeIdentity } from '../../../wire/pipeline/identity-writer.js';
import { type DataResult, ResultReader } from '../../../wire/pipeline/pipeline-results.js';
import { ProtobufWriter } from '../../../wire/protobuf/protobuf-writer.js';
import type { PipelineServer } from '../pipeline-server.js';
import {
  changeAnswerOf,
  failureOf,
  foundAnswer,
  isKeyRequest,
  messageOf,
  type TestAnswer,
  type TestKeyRequest,
  type TestRequest,
} from './test-request.fixture.js';

export function overPipeline(server: PipelineServer, request: TestRequest): Promise<TestAnswer> {
  return new Promise((resolve, reject) => {
    const stream: FrameStream = {
      queuedBytes: 0,
      send(message) {
        const results = new ResultReader(message as Buffer);
        while (results.next())
          resolve(results.error === undefined ? answerOf(request, results.result!) : failureOf(results.error));
        return true;
      },
      pause() {},
      resume() {},
      end() {},
      fail: reject,
      cancel() {},
    };
    server.serve((listener) => {
      queueMicrotask(() => listener.onFrame(pipelineMessage(request)));
      return stream;
    }, reject);
  });
}

function answerOf({ kind }: TestRequest, { found, value, version, expiresInMs, message }: DataResult): TestAnswer {
  if (isChange(kind)) return changeAnswerOf(kind, message!);
  if (kind === 'get') return foundAnswer(found, value.toString(), version, expiresInMs);
  return kind === 'put' ? { version } : { existed: found, version };
}

/** A message of proto/kv/v1/kv.proto with one operation, whose key may be any bytes. */
function pipelineMessage(request: TestRequest): Buffer {
  const writer = new ProtobufWriter();
  writer.begin(1);
  writer.uint32(1, 7);
  if (isKeyRequest(request)) writeKeyRequest(writer, request);
  else writer.bytes(changes[request.kind].field, messageOf(request));
  if (request.traceParent !== undefined) writer.string(5, request.traceParent);
  writer.end();
  return writer.take();
}

function writeKeyRequest(writer: ProtobufWriter, request: TestKeyRequest & Pick<TestRequest, 'identity'>): void {
  const { kind, key, value, ifVersion, ifValue, ttlMs, keepTtl, sync, identity } = request;
  writer.begin({ get: 2, put: 3, delete: 4 }[kind]);
  writer.bytes(1, key);
  if (kind === 'put') writer.bytes(2, value!);
  if (ifVersion !== undefined) writer.uint64(kind === 'put' ? 3 : 2, ifVersion);
  if (ifValue !== undefined) writer.bytes(10, ifValue);
  if (ttlMs !== undefined) writer.uint64(11, ttlMs);
  if (keepTtl !== undefined) writer.bool(12, keepTtl);
  if (sync !== undefined) writer.bool(13, sync);
  if (identity !== undefined) writeIdentity(writer, identity);
  writer.end();
}
