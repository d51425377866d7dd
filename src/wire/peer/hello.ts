/** The first frame in each direction of a connection between two nodes: the two processes introduce themselves. */
import type { ClusterFormat } from '../../formats.js';
import { MalformedMessage, ProtobufReader, tagOf } from '../protobuf/protobuf-reader.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';

export interface Hello {
  readonly nodeId: string;
  /** Random, drawn when the process started. */
  readonly incarnation: string;
  /** The node that the connection is meant for. */
  readonly to: string;
  /** The name of the connection, chosen by the node that opened it. */
  readonly connection: string;
  /** The name of the last connection to the other node that the sender had, and has lost. Empty: it had none. */
  readonly lost: string;
}

/** Field number of ReplicateFrame.hello. */
const helloField = 3;
const fields = { nodeId: 2, incarnation: 3, to: 4, connection: 5, lost: 6 } as const;
const nameOf = new Map<number, keyof Hello>(
  Object.entries(fields).map(([name, field]) => [tagOf(field, 'bytes'), name as keyof Hello]),
);
const versionField = 1;

export function encodeHello(hello: Hello, { inUse }: ClusterFormat): Buffer {
  const writer = new ProtobufWriter();
  writer.begin(helloField);
  writer.uint32(versionField, inUse);
  for (const [name, field] of Object.entries(fields)) writer.string(field, hello[name as keyof Hello]);
  writer.end();
  return writer.take();
}

/** @throws MalformedMessage if the frame has no Hello, or one of a format that is not supported. */
export function decodeHello(frame: Buffer, format: ClusterFormat): Hello {
  const reader = new ProtobufReader(frame);
  let found: Hello | undefined;
  while (reader.more) {
    const tag = reader.tag();
    if (tag === tagOf(helloField, 'bytes')) found = readHello(reader, format);
    else reader.skip(tag);
  }
  if (found === undefined) throw new MalformedMessage('the first frame has no Hello');
  return found;
}

function readHello(reader: ProtobufReader, format: ClusterFormat): Hello {
  const hello: Record<keyof Hello, string> = { nodeId: '', incarnation: '', to: '', connection: '', lost: '' };
  let version = 0;
  const outerEnd = reader.enter();
  while (reader.more) {
    const tag = reader.tag();
    const name = nameOf.get(tag);
    if (name !== undefined) hello[name] = reader.string();
    else if (tag === tagOf(versionField, 'varint')) version = reader.varint();
    else reader.skip(tag);
  }
  reader.leave(outerEnd);
  const refusal = format.learn(version);
  if (refusal !== undefined) throw new MalformedMessage(refusal);
  return hello;
}
