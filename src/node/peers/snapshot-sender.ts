/** Sends a snapshot of the shard, a full copy, to a joiner, chunk by chunk, while writes go on (R10). */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../../errors.js';
import type { Effect, ReplicaId } from '../../replication/index.js';
import type { Storage } from '../../storage/index.js';
import type { ReplyStream } from '../../transport/index.js';
import type { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { requestChunks } from '../../wire/peer/request-chunks.js';
import { SnapshotEncoder } from '../../wire/peer/snapshot-codec.js';
import { type MoveRate, SnapshotPace } from './snapshot-pace.js';

/** The primary's replica, as far as a snapshot of it needs to know. */
export interface SnapshotSource {
  readonly replicaId: ReplicaId;
  readonly commitIndex: number;
  readonly storage: Pick<Storage, 'scan'>;
  isPrimaryIn(epoch: number): boolean;
}

/** Large enough to make the cost of a message small, small enough not to hold up the event loop. */
const chunkBytes = 64 * 1024;

function notPrimary(): KvError {
  return new KvError('NOT_PRIMARY', 'this replica is not primary any more');
}

/** Resolves when the snapshot is sent or given up; never rejects. */
export async function sendSnapshot(
  call: ReplyStream,
  dump: Extract<Effect, { type: 'serveSnapshot' }>,
  codec: ReplicationCodec,
  source: SnapshotSource,
  rate: MoveRate,
): Promise<void> {
  const encoder = new SnapshotEncoder(codec.header({ ...dump, from: source.replicaId }), dump.number);
  const pace = new SnapshotPace(rate, performance.now());
  const send = (bytes: Buffer): Promise<void> => call.send(bytes);
  try {
    const { baseSeq, baseEpoch, baseEpochId, requests, requestFloor, timeMs } = dump;
    await send(encoder.encode({ type: 'begin', baseSeq, baseEpoch, baseEpochId, requestFloor, timeMs }));
    for (const part of requestChunks(requests)) await send(encoder.encode({ type: 'requests', requests: part }));
    for await (const _ of source.storage.scan(chunkBytes, (record) => encoder.add(record))) {
      if (call.isGone) return;
      // A replica that is no longer primary may hold writes of another epoch.
      if (!source.isPrimaryIn(dump.epoch)) return call.fail(notPrimary());
      const chunk = encoder.takeChunk();
      const sent = send(chunk);
      await Promise.all([sent, pause(pace.pauseMs(chunk.length, performance.now()))]);
      pace.paused(performance.now());
    }
    if (!source.isPrimaryIn(dump.epoch)) return call.fail(notPrimary());
    await send(encoder.encode({ type: 'end', commitIndex: source.commitIndex }));
    call.end();
  } catch (error) {
    call.fail(new KvError('INTERNAL', 'the snapshot failed', { cause: error }));
  }
}
