import { type RecordedRequest, requestBytes } from '../../replication/index.js';

/** Estimated memory of the requests in a chunk. It is more than their bytes, which are few enough not to hold up the event loop. */
const chunkBytes = 128 * 1024;

/** The recognised requests of a snapshot in chunks. A request with a large answer may be a chunk of its own. */
export function* requestChunks(requests: readonly RecordedRequest[]): Iterable<RecordedRequest[]> {
  let chunk: RecordedRequest[] = [];
  let bytes = 0;
  for (const request of requests) {
    const added = requestBytes(request);
    if (chunk.length > 0 && bytes + added > chunkBytes) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(request);
    bytes += added;
  }
  if (chunk.length > 0) yield chunk;
}
