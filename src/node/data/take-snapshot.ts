/** Writes a snapshot of a replica's store into a file while writes go on, so that the log before it is not needed any more. */
import { setTimeout as pause } from 'node:timers/promises';
import type { SnapshotFiles, SnapshotWriter } from '../../storage/snapshots/index.js';
import type { SnapshotReference } from '../../wire/disk/replica-records.js';
import { SnapshotContentEncoder } from '../../wire/disk/snapshot-content.js';
import { requestChunks } from '../../wire/peer/request-chunks.js';
import { type MoveRate, SnapshotPace } from '../peers/snapshot-pace.js';
import type { DurableStorage } from './durable-storage.js';
import { snapshotFileName } from './snapshot-base.js';

/** Large enough to make the cost of a chunk small, small enough not to hold up the event loop. */
const chunkBytes = 64 * 1024;

export interface SnapshotPlan {
  readonly clusterId: string;
  readonly files: SnapshotFiles;
  readonly rate: MoveRate;
  /** Ends the work early; the file is given up. */
  readonly signal: AbortSignal;
}

/** Rejects if the file cannot be written; then it is removed. If the replica discards its data or leaves meanwhile, nothing comes of it. */
export async function takeSnapshot(storage: DurableStorage, plan: SnapshotPlan): Promise<void> {
  const state = storage.appliedState;
  if (state === undefined) return;
  if (state.position.seq !== storage.log.snapshot?.seq) await writeSnapshot(storage, plan);
  // Entries that wait to be committed, perhaps for days, are not in the snapshot.
  const after = storage.appliedState;
  if (plan.signal.aborted || after?.position.seq !== storage.log.snapshot?.seq) return;
  if (after !== undefined && after.unapplied.length > 0) await storage.log.repeatUnapplied(after);
}

async function writeSnapshot(storage: DurableStorage, plan: SnapshotPlan): Promise<void> {
  const { shard, id: writerId } = storage.log.journal.replica;
  const { seq } = storage.appliedState!.position;
  const reference = { writerId, resets: storage.log.resets, seq, throughSeq: seq, empty: undefined };
  const writer = plan.files.create(snapshotFileName(shard, reference)!);
  try {
    await fillSnapshot(storage, plan, reference, writer);
  } catch (error) {
    // What cannot be removed now is removed by the next start.
    await writer.abandon().catch(() => {});
    throw error;
  }
}

async function fillSnapshot(
  storage: DurableStorage,
  { clusterId, rate, signal }: SnapshotPlan,
  reference: SnapshotReference,
  writer: SnapshotWriter,
): Promise<void> {
  const { position, requests, requestFloor, timeMs } = storage.appliedState!;
  const { log } = storage;
  const { writerId, resets } = reference;
  const { shard } = log.journal.replica;
  const isVoid = (): boolean => signal.aborted || log.hasLeft || log.resets !== resets;
  const encoder = new SnapshotContentEncoder();
  writer.append(encoder.head({ clusterId, shard, writerId, resets, ...position, requestFloor, timeMs }));
  for (const chunk of requestChunks(requests)) writer.append(encoder.requests(chunk));
  const pace = new SnapshotPace(rate, performance.now());
  for await (const _ of storage.scan(chunkBytes, (record) => encoder.add(record))) {
    const chunk = encoder.takeItems();
    writer.append(chunk);
    await Promise.all([writer.written(), pause(pace.pauseMs(chunk.length, performance.now()))]);
    pace.paused(performance.now());
    if (isVoid()) break;
  }
  if (isVoid()) return writer.abandon();
  const throughSeq = log.appliedSeq;
  await writer.finish(encoder.end(throughSeq));
  await log.replaceSnapshot({ ...reference, throughSeq });
}
