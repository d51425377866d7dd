/** The table of recognised requests (R16) in a database: encoded in parts, of which the first is a whole table and each later one adds to it. */
import { type RecordedRequest, requestsAfter } from '../../replication/index.js';
import { readEnvelope } from '../../wire/peer/envelope.js';
import { readSnapshotBody, SnapshotEncoder } from '../../wire/peer/snapshot-codec.js';
import { MalformedMessage } from '../../wire/protobuf/protobuf-reader.js';

export function encodeRequests(requests: readonly RecordedRequest[]): Uint8Array {
  return new SnapshotEncoder().encode({ type: 'requests', requests });
}

/** @param parts oldest first. @returns the table after the last one. @throws MalformedMessage */
export function requestsIn(parts: readonly Uint8Array[]): readonly RecordedRequest[] {
  const [whole = [], ...added] = parts.map(decode);
  return requestsAfter(whole, added.flat());
}

function decode(part: Uint8Array): readonly RecordedRequest[] {
  const body = readSnapshotBody(readEnvelope(Buffer.from(part.buffer, part.byteOffset, part.length)));
  if (body?.type !== 'requests') throw new MalformedMessage('a part of the table of requests is of another kind');
  return body.requests;
}
