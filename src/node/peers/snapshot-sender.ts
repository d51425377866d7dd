/** Sends a snapshot of the shard, a full copy, to a joiner, chunk by chunk, while writes go on (R10). */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type ServerWritableStream, status } from '@grpc/grpc-js';
import type { Effect, ReplicaId } from '../../replication/index.js';
import type { Storage } from '../../storage/index.js';
import type { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { SnapshotEncoder } from '../../wire/peer/snapshot-codec.js';
import { type MoveRate, SnapshotPace } from './snapshot-pace.js';

/** A call of the rpc Dump, by which a joiner requests a snapshot. */
export type SnapshotCall = ServerWritableStream<Buffer, Buffer>;

/** The primary's replica, as far as a snapshot of it needs to know. */
export interface SnapshotSource {
  readonly replicaId: ReplicaId;
  readonly commitIndex: number;
  readonly storage: Pick<Storage, 'scan'>;
  isPrimaryIn(epoch: number): boolean;
}

/** Large enough to make the cost of a message small, small enough not to hold up the event loop. */
const chunkBytes = 64 * 1024;

const notPrimary = { code: status.ABORTED, details: 'this replica is not primary any more' };

/** Resolves when the snapshot is sent or given up; never rejects. */
export async function sendSnapshot(
  call: SnapshotCall,
  dump: Extract<Effect, { type: 'serveSnapshot' }>,
  codec: ReplicationCodec,
  source: SnapshotSource,
  rate: MoveRate,
): Promise<void> {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  call.on('error', () => gone.abort());
  const encoder = new SnapshotEncoder(codec.header({ ...dump, from: source.replicaId }), dump.number);
  const pace = new SnapshotPace(rate, performance.now());
  const send = async (bytes: Buffer): Promise<void> => {
    if (!call.write(bytes)) await once(call, 'drain', { signal: gone.signal });
  };
  try {
    const { baseSeq, baseEpoch, baseEpochId } = dump;
    await send(encoder.encode({ type: 'begin', baseSeq, baseEpoch, baseEpochId }));
    for await (const _ of source.storage.scan(chunkBytes, (record) => encoder.add(record))) {
      if (gone.signal.aborted) return;
      // A replica that is no longer primary may hold writes of another epoch.
      if (!source.isPrimaryIn(dump.epoch)) return void call.emit('error', notPrimary);
      const chunk = encoder.takeChunk();
      const sent = send(chunk);
      await Promise.all([sent, pause(pace.pauseMs(chunk.length, performance.now()))]);
      pace.paused(performance.now());
    }
    if (!source.isPrimaryIn(dump.epoch)) return void call.emit('error', notPrimary);
    await send(encoder.encode({ type: 'end', commitIndex: source.commitIndex }));
    call.end();
  } catch (error) {
    // If the joiner has gone, it requests another snapshot when it is invited again.
    if (!gone.signal.aborted) call.emit('error', { code: status.INTERNAL, details: 'the snapshot failed', cause: error });
  }
}
