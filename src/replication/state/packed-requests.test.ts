import { expect, test } from 'vitest';
import type { LogEntry } from '../protocol/log-entry.js';
import type { RecordedAnswer } from '../protocol/recorded-answer.js';
import { PackedEntries } from './packed-entries.js';

test('packed entries - keep the requests that they execute with their answers, also of one that wrote nothing', () => {
  const requestOf = (client: string, number: number, seq: number, answer?: RecordedAnswer) => {
    return { client, number, lowest: 1, fingerprint: 0xffff_ffff, floor: 2, seq, answer };
  };
  const results = [
    { version: 11, expiresAtMs: 5 },
    { version: 0, existed: false },
    { version: 11, existed: true },
    { version: 0, value: new Uint8Array(0), previousVersion: 0 },
    { version: 11, value: new Uint8Array(5000).fill(7), valueBytes: 5000 },
    { version: 11, value: new Uint8Array([1, 2, 3]), previousVersion: 4 },
    { version: 11, value: new Uint8Array(6000).fill(8) },
  ];
  const refusal = { kind: 'refused', refusal: 'OUT_OF_RANGE', currentVersion: 9 } as const;
  const writes = [{ key: 'k', value: new Uint8Array([1]) }];
  const entries: LogEntry[] = [
    { seq: 7, epoch: 1, writes, request: requestOf('x', 2 ** 40, 7) },
    { seq: 8, epoch: 1, writes: [], request: requestOf('y', 1, 8, { kind: 'nothingToDelete' }) },
    { seq: 9, epoch: 1, writes: [...writes, { key: 'l', value: undefined }], request: undefined },
    { seq: 10, epoch: 1, writes, request: requestOf('x', 3, 10) },
    { seq: 11, epoch: 1, writes, request: requestOf('x', 4, 11, { kind: 'transacted', version: 11, held: false, results }) },
    { seq: 12, epoch: 1, writes: [], request: requestOf('x', 5, 12, { ...refusal, operation: 0 }) },
    { seq: 13, epoch: 1, writes: [], request: requestOf('x', 6, 13, refusal) },
    { seq: 14, epoch: 1, writes, request: requestOf('y', 2, 14, { kind: 'wrote', operations: 1_024 }) },
    { seq: 15, epoch: 1, writes, request: requestOf('y', 3, 15, { kind: 'counted', sum: writes[0]!.value }) },
  ];
  const packed = new PackedEntries(entries);
  expect([7, 8, 9, 10, 11, 12, 13, 14, 15].map((seq) => packed.get(seq))).toEqual(entries);
});
