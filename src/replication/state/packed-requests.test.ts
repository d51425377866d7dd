import { expect, test } from 'vitest';
import type { LogEntry } from '../protocol/log-entry.js';
import { PackedEntries } from './packed-entries.js';

test('packed entries - keep the requests that they execute, also one that wrote nothing', () => {
  const requestOf = (client: string, number: number, seq: number, found?: number) => {
    return { client, number, lowest: 1, fingerprint: 0xffff_ffff, floor: 2, seq, found };
  };
  const writes = [{ key: 'k', value: new Uint8Array([1]) }];
  const entries: LogEntry[] = [
    { seq: 7, epoch: 1, writes, request: requestOf('x', 2 ** 40, 7) },
    { seq: 8, epoch: 1, writes: [], request: requestOf('y', 1, 8, 0) },
    { seq: 9, epoch: 1, writes: [...writes, { key: 'l', value: undefined }], request: undefined },
    { seq: 10, epoch: 1, writes, request: requestOf('x', 3, 10) },
  ];
  const packed = new PackedEntries(entries);
  expect([7, 8, 9, 10].map((seq) => packed.get(seq))).toEqual(entries);
});
