/** A client of frames on TCP, with nothing but node:net and protobufjs. docs/frames.md describes the bytes. */
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const proto = new protobuf.Root();
proto.resolvePath = (_origin, file) => fileURLToPath(new URL(`../../proto/${file}`, import.meta.url));
proto.loadSync(['kv/v1/kv.proto', 'kv/v1/frames.proto']);

function encode(name, message) {
  const type = proto.lookupType(`kv.v1.${name}`);
  return type.encode(type.fromObject(message)).finish();
}

function decode(name, bytes) {
  const type = proto.lookupType(`kv.v1.${name}`);
  return type.toObject(type.decode(bytes), { longs: Number, defaults: true, oneofs: true });
}

const kinds = { opening: 1, accepted: 2, ended: 3, closed: 4, ping: 5, pong: 6 };
const controlBit = 2 ** 31;

function frame(content, mark = 0) {
  const header = Buffer.alloc(4);
  header.writeUInt32BE(mark + content.length);
  return Buffer.concat([header, content]);
}

const controlFrame = (kind, content = Buffer.alloc(0)) => frame(Buffer.concat([Buffer.from([kinds[kind]]), content]), controlBit);

/** One rpc on a connection of its own. Read its messages all the time: that answers the pings as well. */
export class Rpc {
  #socket;
  #types;

  /** @param types the names of the messages: { rpc: 'kv.v1.KeyValue/Pipeline', request: 'PipelineRequest', response: ... } */
  constructor(address, types, clusterId = '') {
    const { hostname, port } = new URL(`tcp://${address}`);
    this.#types = types;
    this.#socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), noDelay: true });
    this.#socket.write('KVFRAMES');
    this.#socket.write(controlFrame('opening', encode('FrameOpening', { protocolVersion: 1, rpc: types.rpc, clusterId })));
  }

  send(message) {
    this.#socket.write(frame(encode(this.#types.request, message)));
  }

  /** Nothing more will be sent. */
  end() {
    this.#socket.write(controlFrame('ended'));
  }

  /** The messages of the node, until the rpc ends. To leave the loop earlier gives the rpc up. @throws Error of the node */
  async *[Symbol.asyncIterator]() {
    let received = Buffer.alloc(0);
    for await (const bytes of this.#socket) {
      received = Buffer.concat([received, bytes]);
      while (received.length >= 4) {
        const header = received.readUInt32BE(0);
        const end = 4 + (header % controlBit);
        if (received.length < end) break;
        const content = received.subarray(4, end);
        received = received.subarray(end);
        if (header < controlBit) yield decode(this.#types.response, content);
        else if (content[0] === kinds.ping) this.#socket.write(controlFrame('pong', content.subarray(1)));
        else if (content[0] === kinds.closed) return throwIfFailed(decode('FrameClosed', content.subarray(1)));
      }
    }
    throw new Error('the connection broke: what was sent and is not answered may have been executed');
  }
}

function throwIfFailed({ error }) {
  if (error) throw Object.assign(new Error(error.message), { code: error.code, executed: error.notExecuted ? 'no' : 'unknown' });
}
