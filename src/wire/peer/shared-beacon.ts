/**
 * The bytes of the beacon that a pair of nodes shares for all their shards: the time it was sent, and the numbers of the shards
 * whose last beacon it repeats (beacon-memory.ts). Consecutive shard numbers are written as one run.
 */
import { MalformedMessage, type ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';

const fields = { sentAtUs: 1, runs: 2 } as const;
const sentAtTag = tagOf(fields.sentAtUs, 'varint');
const runTag = tagOf(fields.runs, 'bytes');
const run = { first: 1, count: 2 } as const;
const firstTag = tagOf(run.first, 'varint');
const countTag = tagOf(run.count, 'varint');

const microsecondsPerMs = 1_000;
/** Limits the shards of one shared beacon, so that a message of a few bytes cannot stand for any number of beacons. */
export const mostRepeats = 16_384;

export interface SharedBeacon {
  readonly sentAtMs: number;
  /** In the order in which their beacons were sent. */
  readonly shards: readonly number[];
}

export function writeSharedBeacon(writer: ProtobufWriter, { sentAtMs, shards }: SharedBeacon): void {
  // Rounded down: a lease may start too early, never too late.
  writer.uint64(fields.sentAtUs, Math.floor(sentAtMs * microsecondsPerMs));
  for (let at = 0; at < shards.length; ) {
    const first = shards[at]!;
    let count = 1;
    while (shards[at + count] === first + count) count += 1;
    writer.begin(fields.runs);
    writer.uint32(run.first, first);
    writer.uint32(run.count, count);
    writer.end();
    at += count;
  }
}

/** @throws MalformedMessage */
export function readSharedBeacon(reader: ProtobufReader): SharedBeacon {
  let sentAtMs = 0;
  const shards: number[] = [];
  while (reader.more) {
    const tag = reader.tag();
    if (tag === sentAtTag) sentAtMs = reader.varint() / microsecondsPerMs;
    else if (tag === runTag) readRun(reader, shards);
    else reader.skip(tag);
  }
  return { sentAtMs, shards };
}

function readRun(reader: ProtobufReader, shards: number[]): void {
  let first = 0;
  let count = 0;
  const outerEnd = reader.enter();
  while (reader.more) {
    const tag = reader.tag();
    if (tag === firstTag) first = reader.varint();
    else if (tag === countTag) count = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  if (shards.length + count > mostRepeats) throw new MalformedMessage('a shared beacon of more shards than there can be');
  for (let shard = first; shard < first + count; shard += 1) shards.push(shard);
}
