/** Reads keys that seem to differ again at every copy, until writes that were under way have arrived everywhere. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ReadRecord } from '../../../wire/copies/copy-messages.js';
import { judge } from './judge-key.js';
import type { ReplicaCopy } from './replica-copy.js';

export interface DifferingKey {
  readonly key: string;
  /** What each copy holds, in the order of the copies. */
  readonly reads: readonly ReadRecord[];
}

/** A key that is written more often than it can be read at both copies is given up: each copy has got new values of it meanwhile. */
const maxRounds = 40;
const longestPauseMs = 100;

/**
 * @param copies the first one is that with which the others are compared
 * @param minSeq all copies have applied it, and were complete before
 * @returns the keys that certainly differ
 */
export async function settleKeys(
  copies: readonly ReplicaCopy[],
  keys: readonly string[],
  minSeq: number,
): Promise<DifferingKey[]> {
  const [first, ...others] = copies as readonly [ReplicaCopy, ...ReplicaCopy[]];
  const differing: DifferingKey[] = [];
  let open: readonly string[] = keys;
  let seq = minSeq;
  for (let round = 0; round < maxRounds && open.length > 0; round++) {
    if (round > 0) await pause(Math.min(longestPauseMs, 2 ** round));
    const before = await readAll(others, open, seq);
    seq = newestSeq(before, seq);
    const middle = await first.read(open, seq);
    seq = newestSeq([middle], seq);
    const after = await readAll(others, open, seq);
    seq = newestSeq(after, seq);
    open = open.filter((key, index) => {
      const own = middle[index]!;
      const verdicts = others.map((_, other) => {
        const [earlier, later] = [judge(own, before[other]![index]!), judge(own, after[other]![index]!)];
        // What was different and is the same now was written again.
        return later === 'open' ? earlier : later;
      });
      if (verdicts.includes('different')) differing.push({ key, reads: [own, ...after.map((reads) => reads[index]!)] });
      return verdicts.includes('open') && !verdicts.includes('different');
    });
  }
  return differing;
}

function readAll(copies: readonly ReplicaCopy[], keys: readonly string[], minSeq: number): Promise<(readonly ReadRecord[])[]> {
  return Promise.all(copies.map((copy) => copy.read(keys, minSeq)));
}

function newestSeq(reads: readonly (readonly ReadRecord[])[], seq: number): number {
  return Math.max(seq, ...reads.flatMap((records) => records.map((record) => record.seq)));
}
