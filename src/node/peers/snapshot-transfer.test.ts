/** A snapshot from a primary's node to a joiner's, over a connection of its own. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { Effect, Event } from '../../replication/index.js';
import type { RecordView, Storage } from '../../storage/index.js';
import { type FrameStream, ReplyStream } from '../../transport/index.js';
import { peerClusterOf } from '../../wire/peer/peer-cluster.fixture.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { PeerProcess } from './peer-process.fixture.js';
import { ReplicationServer } from './replication-server.js';

import { MoveRate } from './snapshot-pace.js';
import { SnapshotReceiver } from './snapshot-receiver.js';
import { type SnapshotSource, sendSnapshot } from './snapshot-sender.js';

type Serve = Extract<Effect, { type: 'serveSnapshot' }>;

const codec = new ReplicationCodec(peerClusterOf('cluster-1'), 0);
const epochOfHistory = { history: 'h', epoch: 1, epochId: 'one' };
const serve: Serve = {
  type: 'serveSnapshot',
  to: 'b~1',
  ...epochOfHistory,
  number: 3,
  baseSeq: 7,
  baseEpoch: 1,
  baseEpochId: 'one',
  requests: [],
  requestFloor: 0,
  timeMs: 0,
};
const request = { type: 'requestSnapshot', ...epochOfHistory, from: 'a~1', number: 3 } as const;
const chunkBytes = 64 * 1024;
const fast = (): MoveRate => new MoveRate(Number.MAX_SAFE_INTEGER);

let scanned = 0;
let process: PeerProcess | undefined;
let receiver: SnapshotReceiver | undefined;

afterEach(() => {
  receiver?.close();
  process?.stop();
});

/** A primary with records of the size of a chunk. */
function primaryOf(records: number, isPrimaryIn: (epoch: number) => boolean = () => true): SnapshotSource {
  scanned = 0;
  const scan = function* (_bytes: number, take: (record: RecordView) => void): Iterable<void> {
    for (let at = 0; at < records; at++) {
      scanned += 1;
      const key = Buffer.from(`k${at}`);
      const memory = Buffer.concat([key, Buffer.alloc(chunkBytes, at)]);
      take({ memory, keyStart: 0, keyEnd: key.length, valueStart: key.length, valueEnd: memory.length, version: at + 1 });
      yield;
    }
  };
  return { replicaId: 'a~1', commitIndex: 9, storage: { scan }, isPrimaryIn };
}

/** Requests a snapshot of a node whose core answers the request as given. @returns the events of the joiner until the last one. */
async function take(
  source: SnapshotSource,
  onRequest: (server: ReplicationServer, handle: SnapshotSource) => void,
  storage: Pick<Storage, 'backlog'> = {},
  events: Event[] = [],
): Promise<Event[]> {
  const server = new ReplicationServer(peerClusterOf('cluster-1'), fast());
  const host = Object.assign(source, {
    handle: (event: Event) => void (event.type === 'snapshotRequested' && onRequest(server, source)),
  });
  server.add({ codec, host });
  process = new PeerProcess('a', server, server);
  const address = await process.listen();
  await new Promise<void>((resolve) => {
    const handle = (event: Event): void => {
      events.push(event);
      if (event.type === 'snapshotEnded' || event.type === 'snapshotFailed') resolve();
    };
    receiver = new SnapshotReceiver(codec, handle, storage);
    receiver.request(request, 'b~1', address);
  });
  return events;
}

function serving(server: ReplicationServer, source: SnapshotSource): void {
  server.serveSnapshot(serve, { codec, host: source as SnapshotSource & { handle(event: Event): void } });
}

test('every record arrives, between the beginning and the end', async () => {
  const events = await take(primaryOf(40), serving);
  expect(events[0]).toMatchObject({ type: 'snapshotBegun', number: 3, baseSeq: 7, baseEpochId: 'one' });
  expect(events.at(-1)).toMatchObject({ type: 'snapshotEnded', number: 3, commitIndex: 9 });
  const items = events.flatMap((event) => (event.type === 'snapshotChunk' ? event.items : []));
  expect(items.map(({ key, version }) => [key, version])).toEqual(Array.from({ length: 40 }, (_, at) => [`k${at}`, at + 1]));
  expect(items.every(({ value }, at) => value.length === chunkBytes && value[0] === at)).toBe(true);
});

test('while the disk of the joiner does not keep up, the joiner does not read, and the primary waits', async () => {
  const records = 600;
  const events: Event[] = [];
  let goOn = (): void => {};
  const disk: { backlog: Promise<void> | undefined } = { backlog: undefined };
  disk.backlog = new Promise((resolve) => {
    goOn = () => {
      disk.backlog = undefined;
      resolve();
    };
  });
  const over = take(primaryOf(records), serving, disk, events);
  // The buffers of both kernels fill up.
  for (let before = -1; before !== scanned || scanned === 0; await pause(200)) before = scanned;
  expect(scanned).toBeLessThan(records / 2);
  // What had been read with the first frame.
  expect(events.length).toBeLessThan(40);
  goOn();
  await over;
  expect(events.at(-1)).toMatchObject({ type: 'snapshotEnded' });
  expect(events.filter(({ type }) => type === 'snapshotChunk')).toHaveLength(records);
});

test.each([
  [
    'is not due',
    (server: ReplicationServer) => server.refuseSnapshot({ type: 'refuseSnapshot', to: 'b~1', number: 3 }),
    undefined,
  ],
  ['is of a replica that ceases to be primary', serving, () => scanned < 3],
])('a snapshot that %s fails at the joiner', async (_, onRequest, isPrimaryIn) => {
  const events = await take(primaryOf(40, isPrimaryIn), onRequest);
  expect(events.at(-1)).toEqual({ type: 'snapshotFailed', epochId: 'one', number: 3 });
  expect(scanned).toBeLessThan(40);
});

test('a snapshot of a replica that is no longer here fails at the joiner', async () => {
  const events = await take(Object.assign(primaryOf(1), { replicaId: 'a~2' }), serving);
  expect(events).toEqual([{ type: 'snapshotFailed', epochId: 'one', number: 3 }]);
});

test('no chunk is made while too much waits for the joiner, nor after the joiner has gone', async () => {
  let mayGoOn = true;
  const sent: Buffer[] = [];
  const stream = { send: (frame: Buffer) => sent.push(frame) > 0 && mayGoOn, end() {}, fail() {} };
  const call = new ReplyStream(stream as unknown as FrameStream);
  const turns = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  mayGoOn = false;
  const over = sendSnapshot(call, serve, codec, primaryOf(5), fast());
  await turns();
  expect([sent.length, scanned]).toEqual([1, 0]);
  call.onDrain();
  await turns();
  expect([sent.length, scanned]).toEqual([2, 1]);
  call.onClosed();
  await over;
  expect(sent).toHaveLength(2);
});
