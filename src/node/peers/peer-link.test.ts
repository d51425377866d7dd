import { Metadata, Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replicationService } from '../../wire/contract/node-contract.js';
import { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { ProtobufWriter } from '../../wire/protobuf/protobuf-writer.js';
import { PeerLink } from './peer-link.js';

type Call = ServerDuplexStream<Buffer, Buffer>;

/** A node whose answer to each stream the test decides. */
class Node {
  readonly atMs: number[] = [];
  readonly named: string[] = [];
  onCall: (call: Call) => void = () => {};
  readonly #server = new Server();
  #waiting: () => void = () => {};

  async listen(): Promise<string> {
    const Replicate = (call: Call): void => {
      call.on('error', () => {});
      this.atMs.push(performance.now());
      this.named.push(...call.metadata.get('kv-cluster').map(String));
      this.onCall(call);
      this.#waiting();
    };
    this.#server.addService(replicationService, { Replicate, Dump: () => {} });
    const port = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    return `127.0.0.1:${port}`;
  }

  async called(times: number): Promise<void> {
    while (this.atMs.length < times)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

let node: Node;
let link: PeerLink;
let refusals: string[];

beforeEach(() => {
  node = new Node();
  refusals = [];
});

afterEach(() => {
  link.close();
  node.stop();
});

async function open(): Promise<void> {
  link = new PeerLink(await node.listen(), 'cluster-1', {
    onUp: () => {},
    onMessage: () => {},
    onUseReported: () => {},
    onWrongReplica: () => {},
    onDown: () => {},
    onRefused: (reason) => refusals.push(reason),
  });
}

const refuse = (call: Call): void => {
  call.emit('error', { code: status.FAILED_PRECONDITION, details: 'a message of format 9' });
};
const takeAndRefuse = (call: Call): void => {
  call.sendMetadata(new Metadata());
  setImmediate(() => refuse(call));
};
const messageOf = (clusterId: string): Buffer => {
  const writer = new ProtobufWriter();
  new ReplicationCodec(clusterId, 0).write(writer, {
    history: 'h',
    epochId: 'one',
    epoch: 1,
    from: 'b~1',
    to: 'a~1',
    body: { type: 'higherEpoch' },
  });
  return writer.take();
};

/** At once, and after 50, 100, 200 and 400 ms. */
const leastMs = 700;

test.each([
  ['before it has opened', refuse],
  ['after it has opened', takeAndRefuse],
])('a stream that is refused %s is opened again more and more slowly, and the reason reported once', async (_, onCall) => {
  node.onCall = onCall;
  await open();
  await node.called(6);
  expect(node.atMs.at(-1)! - node.atMs[0]!).toBeGreaterThan(leastMs);
  expect(refusals).toEqual(['a message of format 9']);
  expect(node.named).toEqual(Array(6).fill('cluster-1'));
});

test('a stream on which this node refuses a message is opened again more and more slowly, too', async () => {
  node.onCall = (call) => call.write(messageOf('cluster-2'));
  await open();
  await node.called(6);
  expect(node.atMs.at(-1)! - node.atMs[0]!).toBeGreaterThan(leastMs);
  expect(refusals).toEqual(['a message of cluster cluster-2; this is cluster-1']);
});

test('after an answer that was understood, another refusal is reported again', async () => {
  node.onCall = (call) => {
    if (node.atMs.length < 6) return takeAndRefuse(call);
    call.sendMetadata(new Metadata());
    call.write(messageOf('cluster-1'));
    node.onCall = takeAndRefuse;
    setImmediate(() => call.end());
  };
  await open();
  await node.called(7);
  await node.called(8);
  expect(refusals).toHaveLength(2);
});
