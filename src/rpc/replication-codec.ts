/**
 * Messages between replicas to proto/kv/internal/v1/replication.proto and back.
 *
 * The header adds format version, cluster and shard; a message of another format, cluster or shard is refused here (R1).
 */
import type { BodyOf, DumpItem, LogEntry, Message, RequestBody, ResponseBody } from '../replication/index.js';
import { ownCopy } from './own-memory.js';
import { entryMessage } from './proto.js';

/** Grows when nodes of the version before would misunderstand a message. */
export const formatVersion = 1;

export interface Header {
  formatVersion: number;
  clusterId: string;
  shard: number;
  epoch: number;
  from: string;
  to: string;
}

/** A decoded ReplicateRequest or ReplicateResponse: `body` names the field that is set. */
export interface WireMessage {
  header: Header | null;
  body?: string;
  [field: string]: unknown;
}

export interface DumpMessage {
  header: Header | null;
  number: number;
  body?: 'begin' | 'chunk' | 'end';
  begin?: { baseSeq: number; baseEpoch: number };
  chunk?: { items: DumpItem[] };
  end?: { commitIndex: number };
}

export class ReplicationCodec {
  readonly clusterId: string;
  readonly shard: number;

  constructor(clusterId: string, shard: number) {
    this.clusterId = clusterId;
    this.shard = shard;
  }

  header(epoch: number, from: string, to: string): Header {
    return { formatVersion, clusterId: this.clusterId, shard: this.shard, epoch, from, to };
  }

  /** Why a message with this header is not for this shard of this cluster, or undefined. */
  reasonToRefuse(header: Header | null): string | undefined {
    if (header === null) return 'a message without a header';
    if (header.formatVersion !== formatVersion)
      return `format version ${header.formatVersion}; this node speaks ${formatVersion}`;
    if (header.clusterId !== this.clusterId) return `a message of cluster ${header.clusterId}; this is ${this.clusterId}`;
    if (header.shard !== this.shard) return `a message of shard ${header.shard}; this is ${this.shard}`;
    return undefined;
  }

  encode({ epoch, from, to, body }: Message): WireMessage {
    return { header: this.header(epoch, from, to), [body.type]: encodeBody(body) };
  }

  /** The header must have been accepted. */
  decode(wire: WireMessage): Message | undefined {
    const { header, body } = wire;
    if (header === null || body === undefined) return undefined;
    const fields = wire[body] as Record<string, never>;
    return { epoch: header.epoch, from: header.from, to: header.to, body: decodeBody(body, fields) };
  }
}

const microsecondsPerMs = 1_000;

function encodeBody(body: RequestBody | ResponseBody): object {
  switch (body.type) {
    case 'beacon':
    case 'beaconAnswer':
      // Rounded down: a lease may only be counted from too early.
      return { ...body, sentAtUs: Math.floor(body.sentAtMs * microsecondsPerMs) };
    case 'sync':
      return { number: body.number, commitIndex: body.commitIndex, ...body.log };
    case 'append':
      return { ...body, entries: body.entries.map(encodeEntry) };
    default:
      return body;
  }
}

function decodeBody(type: string, fields: Record<string, never>): RequestBody | ResponseBody {
  const decoded = { type, ...fields } as unknown as RequestBody | ResponseBody;
  switch (decoded.type) {
    case 'beacon':
    case 'beaconAnswer': {
      const { sentAtUs, ...rest } = fields as unknown as { sentAtUs: number };
      return { ...rest, type: decoded.type, sentAtMs: sentAtUs / microsecondsPerMs } as BodyOf<'beacon' | 'beaconAnswer'>;
    }
    case 'sync': {
      const { number, commitIndex, ...log } = fields as unknown as {
        number: number;
        commitIndex: number;
      } & BodyOf<'sync'>['log'];
      return { type: 'sync', number, commitIndex, log };
    }
    case 'append':
      return { ...decoded, entries: (decoded.entries as unknown as Buffer[]).map(decodeEntry) };
    default:
      return decoded;
  }
}

/** Encoded once for all backups: `encoded` is dropped once the entry is applied. */
function encodeEntry(entry: LogEntry): Uint8Array {
  entry.encoded ??= entryMessage.serialize(entry);
  return entry.encoded;
}

function decodeEntry(bytes: Buffer): LogEntry {
  const { seq, epoch, key, value } = entryMessage.deserialize(bytes) as {
    seq: number;
    epoch: number;
    key: string;
    value?: Buffer;
  };
  return { seq, epoch, key, value: value === undefined ? undefined : ownCopy(value) };
}

export function ownItems(items: readonly DumpItem[]): DumpItem[] {
  return items.map(({ key, value, version }) => ({ key, value: ownCopy(value), version }));
}
