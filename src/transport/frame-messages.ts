/** The control messages of frames: what opens an rpc, and what ends it. proto/kv/v1/frames.proto documents them. */
import { type ErrorCode, errorTraits, KvError, type ShardPosition } from '../errors.js';
import { positionTable } from '../wire/contract/position-message.js';
import { MessageTable } from '../wire/protobuf/message-table.js';

export const protocolVersion = 1;

export interface FrameOpening {
  readonly protocolVersion: number;
  /** The full name of a method, such as kv.v1.KeyValue/Pipeline. */
  readonly rpc: string;
  /** Empty: the caller does not know its cluster. */
  readonly clusterId: string;
}

interface FrameAccepted {
  readonly clusterId: string;
}

interface OperationError {
  readonly code: string;
  readonly message: string;
  readonly notExecuted: boolean;
  readonly currentVersion: number | undefined;
  readonly primaryAddress: string;
  readonly position: ShardPosition | undefined;
}

interface FrameClosed {
  readonly error: OperationError | null;
  readonly clusterId: string;
}

const operationErrorTable = new MessageTable<OperationError>({
  code: [1, 'string'],
  message: [2, 'string'],
  notExecuted: [3, 'bool'],
  currentVersion: [4, 'optional uint'],
  primaryAddress: [5, 'string'],
  position: [6, { optional: positionTable }],
});

export const frameTables = {
  FrameOpening: new MessageTable<FrameOpening>({
    protocolVersion: [1, 'uint'],
    rpc: [2, 'string'],
    clusterId: [3, 'string'],
  }),
  FrameAccepted: new MessageTable<FrameAccepted>({ clusterId: [1, 'string'] }),
  FrameClosed: new MessageTable<FrameClosed>({ error: [1, operationErrorTable], clusterId: [2, 'string'] }),
};

export function encodeOpening(opening: FrameOpening): Uint8Array {
  return frameTables.FrameOpening.encode(opening);
}

/** @throws Error if the bytes are not such a message. */
export function decodeOpening(bytes: Buffer): FrameOpening {
  return frameTables.FrameOpening.decode(bytes);
}

export function encodeAccepted(clusterId: string): Uint8Array {
  return frameTables.FrameAccepted.encode({ clusterId });
}

/** @returns the cluster of the node. @throws Error if the bytes are not such a message. */
export function decodeAccepted(bytes: Buffer): string {
  return frameTables.FrameAccepted.decode(bytes).clusterId;
}

/** @param error undefined: the rpc ended as it should. */
export function encodeClosed(error: KvError | undefined): Uint8Array {
  if (error === undefined) return frameTables.FrameClosed.encode({});
  const { code, message, executed, currentVersion, primaryAddress = '', clusterId = '', position } = error;
  const notExecuted = executed === 'no';
  const encoded = { code, message, notExecuted, currentVersion, primaryAddress, position };
  return frameTables.FrameClosed.encode({ error: encoded, clusterId });
}

/** @throws Error if the bytes are not such a message. */
export function decodeClosed(bytes: Buffer): KvError | undefined {
  const { error, clusterId } = frameTables.FrameClosed.decode(bytes);
  if (error === null) return undefined;
  const { code, message, notExecuted, currentVersion, primaryAddress, position } = error;
  return new KvError(Object.hasOwn(errorTraits, code) ? (code as ErrorCode) : 'OUTCOME_UNKNOWN', message, {
    executed: notExecuted ? 'no' : 'unknown',
    ...(currentVersion !== undefined && { currentVersion }),
    ...(primaryAddress !== '' && { primaryAddress }),
    ...(clusterId !== '' && { clusterId }),
    ...(position !== undefined && { position }),
  });
}
