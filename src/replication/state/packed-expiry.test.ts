import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LogEntry } from '../protocol/log-entry.js';
import { PackedEntries } from './packed-entries.js';

const time = fc.option(fc.nat(2 ** 42), { nil: undefined });
const write = fc
  .record({ key: fc.string(), value: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined }), expiresAtMs: time })
  .map(({ expiresAtMs, ...rest }) => (expiresAtMs === undefined ? rest : { ...rest, expiresAtMs }));
/** Only an entry that carries a time has writes with deadlines. */
const entry = fc.record({ writes: fc.array(write, { minLength: 1, maxLength: 3 }), atMs: time }).map(({ writes, atMs }) => {
  if (atMs !== undefined) return { writes, atMs };
  return { writes: writes.map(({ key, value }) => ({ key, value })) };
});

it('packed entries have the times and deadlines that they had before, and no others', () => {
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 10 }), (parts) => {
      const entries: LogEntry[] = parts.map((part, index) => ({ seq: index + 5, epoch: 3, ...part }));
      const packed = new PackedEntries(entries);
      expect(entries.map(({ seq }) => packed.get(seq))).toEqual(entries);
    }),
  );
});
