/**
 * A model, not a store: what the messages of a replicated put cost by themselves. Three processes exchange over plain TCP
 * what kvnode's nodes exchange, and do nothing else. The ratio to it shows what kvnode adds to its messages.
 */
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../local/free-port.js';
import { joinAddress, parseAddress } from '../../../src/config/index.js';
import { ModelSender, messageKinds, receiveMessages } from '../model/model-messages.js';
import { ServerGroup } from './server-group.js';
import type { PeerStore, RunningStore, StoreClient } from './store.js';

const host = '127.0.0.1';
const nodes = 3;
const nodePath = fileURLToPath(new URL('../model/model-node.js', import.meta.url));

export const tcpModel: PeerStore = {
  title: 'TCP model',
  note: 'TCP model: no store, only the messages of one. A put goes to one of three processes in turn, which sends it to the two others, waits for both, and answers; a get is answered with a constant. Messages of one turn of an event loop travel together.',
  start,
  connect,
};

function start(): Promise<RunningStore> {
  return ServerGroup.start('model', async (group) => {
    const ports: number[] = [];
    while (ports.length < nodes) ports.push(await freePort());
    for (const port of ports) {
      const words = [port, ...ports.filter((other) => other !== port)].map(String);
      await group.add(`node at ${port}`, () => [process.execPath, nodePath, ...words]);
    }
    const addresses = ports.map((port) => joinAddress(host, port));
    await group.until('every node replicates', async () => {
      for (const address of addresses) await putOnce(address);
      return true;
    });
    return addresses;
  });
}

async function putOnce(address: string): Promise<void> {
  const client = await connect([address]);
  try {
    await client.put('', Buffer.alloc(0));
  } finally {
    await client.close();
  }
}

async function connect(addresses: readonly string[]): Promise<StoreClient> {
  const streams = await Promise.all(addresses.map((address) => ModelStream.open(address)));
  let turn = 0;
  const next = (): ModelStream => {
    turn = (turn + 1) % streams.length;
    return streams[turn]!;
  };
  return {
    put: (key, value) => next().request(messageKinds.put, Buffer.concat([Buffer.from(key), value])),
    get: (key) => next().request(messageKinds.get, Buffer.from(key)),
    close: async () => {
      for (const stream of streams) stream.close();
    },
  };
}

interface PendingRequest {
  readonly resolve: (content: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** A client's connection to one node. */
class ModelStream {
  readonly #socket: Socket;
  readonly #sender: ModelSender;
  readonly #waiting = new Map<number, PendingRequest>();
  #number = 0;

  static async open(address: string): Promise<ModelStream> {
    const { port } = parseAddress(address, 'the address of a node');
    const socket = connectSocket({ host, port, noDelay: true });
    await once(socket, 'connect');
    return new ModelStream(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#sender = new ModelSender(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#lost());
    receiveMessages(socket, ({ number, content }) => {
      const request = this.#waiting.get(number);
      this.#waiting.delete(number);
      // A copy, since the content shares memory with other messages.
      request?.resolve(Buffer.from(content));
    });
  }

  request(kind: number, content: Buffer): Promise<Buffer> {
    this.#number = (this.#number + 1) >>> 0;
    return new Promise((resolve, reject) => {
      this.#waiting.set(this.#number, { resolve, reject });
      this.#sender.send(kind, this.#number, content);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #lost(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('the node closed the connection'));
    this.#waiting.clear();
  }
}
