/** The control messages of frames: what opens an rpc, and what ends it. They are rare, so protobufjs reads and writes them. */
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { type ErrorCode, errorTraits, KvError } from '../errors.js';
import { protoFolder } from '../wire/contract/proto-files.js';

export const protocolVersion = 1;

export interface FrameOpening {
  readonly protocolVersion: number;
  /** The full name of a method, such as kv.v1.KeyValue/Pipeline. */
  readonly rpc: string;
  /** Empty: the caller does not know its cluster. */
  readonly clusterId: string;
}

const root = new protobuf.Root();
root.resolvePath = (_origin, target) => join(protoFolder, target);
root.loadSync('kv/v1/frames.proto');
const types = {
  opening: root.lookupType('kv.v1.FrameOpening'),
  accepted: root.lookupType('kv.v1.FrameAccepted'),
  closed: root.lookupType('kv.v1.FrameClosed'),
};

function encode(type: protobuf.Type, message: object): Uint8Array {
  return type.encode(type.fromObject(message)).finish();
}

function decode(type: protobuf.Type, bytes: Uint8Array): Record<string, unknown> {
  return type.toObject(type.decode(bytes), { longs: Number, defaults: true });
}

export function encodeOpening(opening: FrameOpening): Uint8Array {
  return encode(types.opening, opening);
}

/** @throws Error if the bytes are not such a message. */
export function decodeOpening(bytes: Uint8Array): FrameOpening {
  return decode(types.opening, bytes) as unknown as FrameOpening;
}

export function encodeAccepted(clusterId: string): Uint8Array {
  return encode(types.accepted, { clusterId });
}

/** @returns the cluster of the node. @throws Error if the bytes are not such a message. */
export function decodeAccepted(bytes: Uint8Array): string {
  return decode(types.accepted, bytes).clusterId as string;
}

/** @param error undefined: the rpc ended as it should. */
export function encodeClosed(error: KvError | undefined): Uint8Array {
  if (error === undefined) return encode(types.closed, {});
  const { code, message, executed, currentVersion, primaryAddress, clusterId } = error;
  const notExecuted = executed === 'no';
  return encode(types.closed, { error: { code, message, notExecuted, currentVersion, primaryAddress }, clusterId });
}

/** @throws Error if the bytes are not such a message. */
export function decodeClosed(bytes: Uint8Array): KvError | undefined {
  const { error, clusterId } = decode(types.closed, bytes) as { error?: Record<string, unknown> | null; clusterId?: string };
  if (error === undefined || error === null) return undefined;
  const code = (String(error.code) in errorTraits ? error.code : 'OUTCOME_UNKNOWN') as ErrorCode;
  return new KvError(code, String(error.message), {
    executed: error.notExecuted === true ? 'no' : 'unknown',
    ...(typeof error.currentVersion === 'number' && { currentVersion: error.currentVersion }),
    ...(error.primaryAddress !== '' && { primaryAddress: String(error.primaryAddress) }),
    ...(clusterId && { clusterId }),
  });
}
