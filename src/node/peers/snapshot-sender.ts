/** Sends a full copy of the shard to a joiner, chunk by chunk, while writes go on (R10). */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type ServerWritableStream, status } from '@grpc/grpc-js';
import type { Effect } from '../../replication/index.js';
import type { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { DumpEncoder } from '../../wire/peer/snapshot-codec.js';
import type { ShardHost } from '../shards/shard-host.js';
import { type MoveRate, SnapshotPace } from './snapshot-pace.js';

export type DumpCall = ServerWritableStream<Buffer, Buffer>;

/** Large enough to make the cost of a message small, small enough not to hold up the event loop. */
const chunkBytes = 64 * 1024;
export async function sendSnapshot(
  call: DumpCall,
  dump: Extract<Effect, { type: 'serveSnapshot' }>,
  codec: ReplicationCodec,
  host: ShardHost,
  rate: MoveRate,
): Promise<void> {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  call.on('error', () => gone.abort());
  const encoder = new DumpEncoder(codec.header({ ...dump, from: host.replicaId }), dump.number);
  const pace = new SnapshotPace(rate, performance.now());
  const send = async (bytes: Buffer): Promise<void> => {
    if (!call.write(bytes)) await once(call, 'drain', { signal: gone.signal });
  };
  try {
    const { baseSeq, baseEpoch, baseEpochId } = dump;
    await send(encoder.encode({ type: 'begin', baseSeq, baseEpoch, baseEpochId }));
    for await (const _ of host.storage.scan(chunkBytes, (record) => encoder.add(record))) {
      if (gone.signal.aborted) return;
      // What follows could be of another epoch's making.
      if (!host.isPrimaryIn(dump.epoch)) return void call.emit('error', notPrimary);
      const chunk = encoder.takeChunk();
      const sent = send(chunk);
      await Promise.all([sent, pause(pace.restMs(chunk.length, performance.now()))]);
      pace.rested(performance.now());
    }
    if (!host.isPrimaryIn(dump.epoch)) return void call.emit('error', notPrimary);
    await send(encoder.encode({ type: 'end', commitIndex: host.commitIndex }));
    call.end();
  } catch (error) {
    // The joiner has gone: it begins again when it is invited again.
    if (!gone.signal.aborted) call.emit('error', { code: status.INTERNAL, details: 'the dump failed', cause: error });
  }
}

const notPrimary = { code: status.ABORTED, details: 'this replica is not primary any more' };
