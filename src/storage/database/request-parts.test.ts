import { describe, expect, it } from 'vitest';
import type { LogEntry, RecordedRequest } from '../../replication/index.js';
import { RequestParts } from './request-parts.js';

function requestAt(seq: number, client = 'client'): RecordedRequest {
  return { client, number: seq, lowest: 1, fingerprint: 0, floor: 0, seq, answer: undefined };
}

function entryWith(seq: number, client?: string): LogEntry {
  return { seq, epoch: 1, writes: [], request: requestAt(seq, client) };
}

/** The seqs of the requests, one byte each. */
function encodeSeqs(requests: readonly RecordedRequest[]): Uint8Array {
  return Uint8Array.from(requests, ({ seq }) => seq);
}

describe('the parts of a table of requests', () => {
  it('are the whole table first, and then what entries have added', () => {
    const parts = new RequestParts(encodeSeqs);
    parts.add([entryWith(1), entryWith(2)]);
    expect(parts.take(() => [requestAt(1), requestAt(2)])).toEqual({ isWhole: true, bytes: Uint8Array.of(1, 2) });
    expect(parts.take(() => [])).toBeUndefined();
    expect(parts.add([entryWith(3), { seq: 4, epoch: 1, writes: [] }, entryWith(5)])).toBeGreaterThan(0);
    expect(parts.take(() => [])).toEqual({ isWhole: false, bytes: Uint8Array.of(3, 5) });
    expect(parts.take(() => [])).toBeUndefined();
  });

  it('are the whole table again once the additions have become larger than it', () => {
    const parts = new RequestParts(encodeSeqs);
    parts.take(() => []);
    const client = 'x'.repeat(100_000);
    for (const seq of [1, 2]) {
      parts.add([entryWith(seq, client)]);
      expect(parts.take(() => [])?.isWhole).toBe(false);
    }
    parts.add([entryWith(3, client)]);
    expect(parts.take(() => [requestAt(3)])).toEqual({ isWhole: true, bytes: Uint8Array.of(3) });
    parts.add([entryWith(4)]);
    expect(parts.take(() => [])?.isWhole).toBe(false);
  });

  it('are the whole table after it has begun anew', () => {
    const parts = new RequestParts(encodeSeqs);
    parts.take(() => []);
    parts.add([entryWith(1)]);
    parts.restart();
    expect(parts.take(() => [])).toEqual({ isWhole: true, bytes: new Uint8Array(0) });
  });
});
