/** Sends a full copy of the shard to a joiner, chunk by chunk, while writes go on (R10). */
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type ServerWritableStream, status } from '@grpc/grpc-js';
import type { Effect } from '../replication/index.js';
import { type DumpBody, DumpEncoder } from '../rpc/dump-codec.js';
import type { ReplicationCodec } from '../rpc/replication-codec.js';
import type { ShardHost } from './shard-host.js';

export type DumpCall = ServerWritableStream<Buffer, Buffer>;

/** Large enough to make the cost of a message small, small enough not to hold up the event loop. */
const chunkBytes = 256 * 1024;
/**
 * After each chunk the node has so much longer than it took for everything else: with what sending costs in other turns,
 * a dump takes about a quarter of a busy node. One of 1,000,000 small keys lasts 2 to 3 s at an idle one, 5 at a busy one.
 */
const restPerWork = 6;
/** A chunk that took longer did not work all the time. */
const maxRestMs = 30;

export async function serveDump(
  call: DumpCall,
  dump: Extract<Effect, { type: 'serveDump' }>,
  codec: ReplicationCodec,
  host: ShardHost,
): Promise<void> {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  call.on('error', () => gone.abort());
  const encoder = new DumpEncoder(codec.header(dump.epoch, host.replicaId, dump.to), dump.number);
  let restedAtMs = performance.now();
  const send = async (body: DumpBody): Promise<void> => {
    if (!call.write(encoder.encode(body))) await once(call, 'drain', { signal: gone.signal });
  };
  try {
    await send({ type: 'begin', baseSeq: dump.baseSeq, baseEpoch: dump.baseEpoch });
    for await (const items of host.storage.scan(chunkBytes)) {
      if (gone.signal.aborted) return;
      // What follows could be of another epoch's making.
      if (!host.isPrimaryIn(dump.epoch)) return void call.emit('error', notPrimary);
      const sent = send({ type: 'chunk', items });
      const restMs = Math.ceil((performance.now() - restedAtMs) * restPerWork);
      await Promise.all([sent, pause(Math.min(maxRestMs, restMs))]);
      restedAtMs = performance.now();
    }
    if (!host.isPrimaryIn(dump.epoch)) return void call.emit('error', notPrimary);
    await send({ type: 'end', commitIndex: host.commitIndex });
    call.end();
  } catch (error) {
    // The joiner has gone: it begins again when it is invited again.
    if (!gone.signal.aborted) call.emit('error', { code: status.INTERNAL, details: 'the dump failed', cause: error });
  }
}

const notPrimary = { code: status.ABORTED, details: 'this replica is not primary any more' };
