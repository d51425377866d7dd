import { Metadata, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../local/free-port.js';
import type { Event } from '../replication/index.js';
import { replicationService } from '../rpc/proto.js';
import { ReplicationCodec } from '../rpc/replication-codec.js';
import { PeerLinks } from './peer-links.js';

type Call = ServerDuplexStream<Buffer, Buffer>;

/** A node that takes streams and says nothing on them. */
class SilentNode {
  readonly calls: Call[] = [];
  readonly #server = new Server();
  #onCall: () => void = () => {};

  async listen(port: number): Promise<string> {
    this.#server.addService(replicationService, {
      Replicate: (call: Call) => {
        this.calls.push(call);
        call.on('error', () => {});
        call.sendMetadata(new Metadata());
        this.#onCall();
      },
      Dump: () => {},
    });
    const bound = await new Promise<number>((resolve, reject) =>
      this.#server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, found) =>
        error ? reject(error) : resolve(found),
      ),
    );
    return `127.0.0.1:${bound}`;
  }

  async untilCalled(): Promise<void> {
    if (this.calls.length > 0) return;
    await new Promise<void>((resolve) => {
      this.#onCall = resolve;
    });
  }

  stop(): void {
    this.#server.forceShutdown();
  }
}

let node: SilentNode;
let links: PeerLinks;
let onEvent: (event: Event) => void;

function nextEvent(): Promise<Event> {
  return new Promise((resolve) => {
    onEvent = resolve;
  });
}

beforeEach(() => {
  node = new SilentNode();
  onEvent = () => {};
  links = new PeerLinks(new ReplicationCodec('cluster-1', 0), (event) => onEvent(event));
});

afterEach(() => {
  links.close();
  node.stop();
});

describe('a link that is kept though nobody is spoken to', () => {
  test('is opened when its node is registered', async () => {
    links.keepWarm([await node.listen(0)]);
    await node.untilCalled();
    expect(node.calls).toHaveLength(1);
  });

  test('stays when nobody is spoken to any more, is used again at once, and ends when its node is no longer registered', async () => {
    const address = await node.listen(0);
    links.learnAddress('b~1', address);
    links.keepWarm([address]);
    const up = nextEvent();
    links.set(['b~1']);
    await up;
    const [call] = node.calls;
    const ended = new Promise<void>((resolve) => call!.on('end', resolve).resume());
    links.set([]);
    const again = nextEvent();
    links.set(['b~1']);
    expect(await again).toEqual({ type: 'linkUp', to: 'b~1' });
    links.set([]);
    links.keepWarm([]);
    await ended;
    expect(node.calls).toHaveLength(1);
  });

  test('tells nothing of a node that cannot be reached, until somebody there is spoken to', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    const told: Event[] = [];
    onEvent = (event) => told.push(event);
    links.keepWarm([address]);
    links.learnAddress('b~1', address);
    const event = nextEvent();
    links.set(['b~1']);
    expect(await event).toEqual({ type: 'linkDown', to: 'b~1', refused: true });
    expect(told).toEqual([]);
  });
});
