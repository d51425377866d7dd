/**
 * Writes a small data directory with everything that the format has: several segments of the log, snapshots, and records of every
 * type. The result is what a test must read from it, in whichever version of kvnode the folder was written.
 */
import { pino } from 'pino';
import type { ClusterConfig } from '../../../coordination/index.js';
import { supportedFormats } from '../../../formats.js';
import type { RecordedRequest } from '../../../replication/index.js';
import { snapshotThread } from '../../../storage/snapshots/snapshot-thread.fixture.js';
import { realFiles } from '../../../storage/wal/log-files.js';
import { threadOn } from '../../../storage/wal/wal.fixture.js';
import { DataFolder } from '../data-folder.js';
import { itemsOf, overwrite } from '../disk-data.fixture.js';
import { DiskData } from '../disk-data.js';
import { deleting, nodeId, TestReplica, writing } from '../test-replica.fixture.js';

const config: ClusterConfig = {
  formatVersion: supportedFormats.newest,
  clusterId: 'a-cluster-of-a-test',
  shards: 4,
  replicas: 1,
  vnodes: 64,
  minInSync: 1,
  beaconMs: 300,
  leaseMs: 1_500,
  graceMs: 2_000,
  durability: 'always',
  syncIntervalMs: 1_000,
};

/** Small files: the log is at most half a mebibyte long before a snapshot is taken. */
const log = { segmentBytes: 64 * 1024, maxBytes: 1024 * 1024, startThread: () => threadOn(realFiles) };

/** For each replica that exists: its items with versions and deadlines, its recognised requests with their answers, and its state. */
export type FolderContents = unknown;

/** Opens the data of a folder, also of one that another version has written. @param format of a new folder, and of what is written now */
export async function openFolder(path: string, format = config.formatVersion): Promise<DiskData> {
  const folder = await DataFolder.open(path);
  await folder.claim({ nodeId, cluster: folder.identity?.cluster ?? { ...config, formatVersion: format } });
  return DiskData.open({
    folder,
    clusterId: config.clusterId,
    nodeId,
    shardCount: config.shards,
    format: { inUse: format },
    mayLackWrites: false,
    log,
    retainEntries: 100,
    retainBytes: 1024 * 1024,
    logger: pino({ level: 'silent' }),
    snapshotThread: snapshotThread(),
  });
}

/** What the replicas start with. */
export async function contentsOf(data: DiskData): Promise<FolderContents> {
  const contents = [];
  for (const { shard, replicaId, replica, storage } of data.recovered) {
    const { history, epochId, complete, baseSeq, appliedSeq, timeMs, loggedTimeMs, requests } = replica;
    const unapplied = replica.entries.slice(appliedSeq - baseSeq);
    const items = await itemsOf(storage);
    contents.push({ shard, replicaId, history, epochId, complete, appliedSeq, timeMs, loggedTimeMs, requests, unapplied, items });
  }
  return plain(contents);
}

/** Writes the folder, and stops in order. @param path of an empty folder @returns what was written */
export async function writeFolder(path: string, format?: number): Promise<FolderContents> {
  const data = await openFolder(path, format);
  const written = [await writeMany(data), await receiveSnapshot(data), await changeEpochs(data)];
  const left = TestReplica.create(data, 3);
  left.append([writing('of a replica that left', 'value')]);
  await left.durable;
  data.discard(left.shard, left.replicaId);
  await data.close(true);
  return plain(written.map(({ replica, loggedTimeMs }) => ({ ...stateOf(replica), loggedTimeMs })));
}

interface WrittenReplica {
  readonly replica: TestReplica;
  readonly loggedTimeMs: number;
}

function stateOf(replica: TestReplica) {
  const { shard, replicaId, complete, baseSeq, appliedSeq } = replica;
  return {
    shard,
    replicaId,
    history: 'history',
    epochId: replica.markAt(replica.lastSeq).id,
    complete,
    appliedSeq,
    timeMs: replica.timeAt(appliedSeq),
    requests: replica.requestsAt(appliedSeq),
    unapplied: replica.entries.slice(appliedSeq - baseSeq),
    items: replica.itemsAt(appliedSeq),
  };
}

/** Overwrites until a snapshot has been taken, and goes on. */
async function writeMany(data: DiskData): Promise<WrittenReplica> {
  const replica = TestReplica.create(data, 0);
  replica.setEpoch(1);
  replica.append([writing('old', 'of before the snapshot')], [writing('expires', 'later', 7_200_000)]);
  await overwrite(replica, 700_000);
  replica.append([writing('ключ', 'a value with the bytes \u0000 and \u00ff')], [writing('gone', 'soon')], [deleting('gone')]);
  replica.appendAnswered([writing('sum', '42')], { kind: 'counted', sum: Buffer.from('42') });
  replica.appendAnswered([writing('one', '1'), writing('two', '2', 3_600_000), deleting('expires')], {
    kind: 'wrote',
    operations: 3,
  });
  const version = replica.lastSeq + 1;
  const results = [{ version, previousVersion: version - 1, value: Buffer.from('1') }, { version: 0 }];
  replica.appendAnswered([writing('one', 'one')], { kind: 'transacted', version, held: true, results });
  replica.appendAnswered([], { kind: 'refused', refusal: 'VERSION_MISMATCH', currentVersion: version });
  replica.appendAnswered([], { kind: 'nothingToDelete' });
  replica.apply();
  replica.append([writing('one', 'not applied')]);
  replica.persist({ type: 'time', timeMs: 123_456, isCorrection: false });
  await replica.durable;
  return { replica, loggedTimeMs: 123_456 };
}

/** A joiner. */
async function receiveSnapshot(data: DiskData): Promise<WrittenReplica> {
  const replica = TestReplica.create(data, 1);
  replica.setEpoch(3);
  replica.reset(1_000, false);
  const items = Array.from(
    { length: 200 },
    (_, index) => [`item ${index}`, { value: `value ${index}`, version: index + 1 }] as const,
  );
  const request = { client: 'another', number: 9, lowest: 9, fingerprint: 4_000_000_000, floor: 0, seq: 999, answer: undefined };
  replica.load(new Map(items), [request]);
  replica.finishLoad();
  replica.append([writing('item 0', 'written again')], [deleting('item 1')]);
  replica.apply();
  replica.append([writing('item 2', 'not applied')]);
  await replica.durable;
  return { replica, loggedTimeMs: 0 };
}

/** Logs that part, and an end of the history. */
async function changeEpochs(data: DiskData): Promise<WrittenReplica> {
  const replica = TestReplica.create(data, 2);
  replica.setEpoch(1);
  replica.append([writing('kept', '1')], [writing('cut', '2')], [writing('cut too', '3')]);
  replica.apply(1);
  replica.truncate(1);
  replica.setEpoch(2);
  replica.append([writing('kept', '4')], [writing('after', '5')]);
  replica.apply();
  replica.persist({ type: 'time', timeMs: 5_000, isCorrection: false });
  replica.persist({ type: 'time', timeMs: 4_000, isCorrection: true });
  await replica.durable;
  return { replica, loggedTimeMs: 4_000 };
}

/** As JSON keeps it, with the keys and the requests in order. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (value instanceof Map) return plain(Object.fromEntries([...value].sort(([one], [other]) => (one < other ? -1 : 1))));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, content]) => content !== undefined);
  return Object.fromEntries(
    fields.map(([name, content]) => [name, name === 'requests' ? plain(inOrder(content as RecordedRequest[])) : plain(content)]),
  );
}

function inOrder(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
  return [...requests].sort((one, other) => one.seq - other.seq);
}
