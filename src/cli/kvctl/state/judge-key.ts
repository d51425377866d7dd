/**
 * Judges what copies of a shard hold under one key. Pure.
 *
 * Each copy is read at a position of the log, and writes go on between two readings. Still a difference can be proved: both copies apply
 * the same entries, so whatever one of them holds at a version that the other has passed, the other must hold as well, unless it holds
 * something newer.
 */
import { type ReadRecord, sameRecord } from '../../../wire/copies/copy-messages.js';

/** `open`: the key was written between the readings, so it has to be read again. */
export type KeyVerdict = 'same' | 'different' | 'open';

export function judge(one: ReadRecord, other: ReadRecord): KeyVerdict {
  if (isAhead(one) || isAhead(other)) return 'different';
  if (holdSame(one, other)) return 'same';
  if (one.seq === other.seq) return 'different';
  const [earlier, later] = one.seq < other.seq ? [one, other] : [other, one];
  // A key that the later one lacks may have been deleted since.
  return later.stored !== undefined && later.stored.version <= earlier.seq ? 'different' : 'open';
}

/** A record that is newer than everything that its copy has applied was written by no entry of the log. */
function isAhead({ stored, seq }: ReadRecord): boolean {
  return stored !== undefined && stored.version > seq;
}

function holdSame({ stored: one }: ReadRecord, { stored: other }: ReadRecord): boolean {
  return one === undefined || other === undefined ? one === other : sameRecord(one, other);
}

/** Why copies count as damaged: their own log or that of another copy says so, or most copies agree on something else. */
export type Evidence = 'log' | 'majority' | 'none';

export interface Blame {
  readonly evidence: Evidence;
  /** The indexes of the copies that are damaged. Empty without evidence. */
  readonly damaged: readonly number[];
}

/** @param reads what each copy holds under the key, which differs. */
export function blame(reads: readonly ReadRecord[]): Blame {
  const witness = reads.find(({ logged, deleted }) => logged !== undefined || deleted);
  if (witness !== undefined) {
    const truth = { ...witness, stored: witness.logged };
    const damaged = indexesOf(reads, (read) => judge(read, truth) === 'different');
    if (damaged.length > 0) return { evidence: 'log', damaged };
  }
  const ahead = indexesOf(reads, isAhead);
  if (ahead.length > 0) return { evidence: 'log', damaged: ahead };
  const accepted = reads.find((one) => 2 * reads.filter((other) => holdSame(one, other)).length > reads.length);
  if (accepted === undefined) return { evidence: 'none', damaged: [] };
  return { evidence: 'majority', damaged: indexesOf(reads, (read) => !holdSame(read, accepted)) };
}

function indexesOf(reads: readonly ReadRecord[], holds: (read: ReadRecord) => boolean): number[] {
  return reads.flatMap((read, index) => (holds(read) ? [index] : []));
}
