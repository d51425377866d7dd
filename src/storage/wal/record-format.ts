/**
 * Format of a record in a batch: what one replica has to keep. The log does not know what the payload means.
 *
 *   bytes of the payload (32 bits) | type (8 bits) and shard (24 bits) | id of the replica (8 bytes) | end (float64) |
 *   payload, filled up with zeros to whole 8 bytes
 *
 * `end` is the seq of the last entry in the replica's log after this record, or -1 if the record leaves the log as it is.
 */

export const loggedHeadBytes = 24;
export const maxShard = 2 ** 24 - 1;
const noEnd = -1;

/** The name of a replica in the log: its shard, and the random part of its id. */
export interface LoggedReplica {
  readonly shard: number;
  /** 8 bytes as 16 lowercase hexadecimal digits. */
  readonly id: string;
}

export function nameOfLogged({ shard, id }: LoggedReplica): string {
  return `${shard}~${id}`;
}

/** A record as it was appended. */
export interface LoggedRecord {
  /** The number of the segment that holds it. */
  readonly segment: number;
  /** The same object for every record of the replica. */
  readonly replica: LoggedReplica;
  readonly type: number;
  /** The seq of the last entry in the replica's log from here on. Undefined: the record leaves the log as it is. */
  readonly end: number | undefined;
  /** A view, which is valid until the next record is read. */
  readonly payload: Buffer;
}

/** The id as two numbers of 32 bits. */
export function idWords(id: string): readonly [number, number] {
  if (!/^[0-9a-f]{16}$/.test(id)) throw new RangeError(`the id of a replica in the log has 16 hexadecimal digits: ${id}`);
  return [Number.parseInt(id.slice(0, 8), 16), Number.parseInt(id.slice(8), 16)];
}

export function loggedBytes(payloadBytes: number): number {
  return loggedHeadBytes + ((payloadBytes + 7) & ~7);
}

/** Writes the head of a record. */
export function writeRecordHead(
  view: DataView,
  at: number,
  payloadBytes: number,
  typeAndShard: number,
  [high, low]: readonly [number, number],
  end: number | undefined,
): void {
  view.setUint32(at, payloadBytes, true);
  view.setUint32(at + 4, typeAndShard, true);
  view.setUint32(at + 8, high, false);
  view.setUint32(at + 12, low, false);
  view.setFloat64(at + 16, end ?? noEnd, true);
}

interface KnownReplica {
  readonly high: number;
  readonly low: number;
  readonly replica: LoggedReplica;
}

/** Reads the records of batches. It makes one name for each replica. */
export class RecordReader {
  readonly #known = new Map<number, KnownReplica[]>();

  /** @throws RangeError if the bytes are no records: a batch with the right CRC never holds such bytes. */
  *read(segment: number, bytes: Buffer, start: number, end: number): Iterable<LoggedRecord> {
    for (let at = start; at < end; ) {
      const payloadAt = at + loggedHeadBytes;
      const payloadBytes = payloadAt <= end ? bytes.readUInt32LE(at) : 0;
      const next = at + loggedBytes(payloadBytes);
      if (next > end) throw new RangeError(`segment ${segment} of the log has no whole record at ${at}`);
      const typeAndShard = bytes.readUInt32LE(at + 4);
      const seq = bytes.readDoubleLE(at + 16);
      yield {
        segment,
        replica: this.#replica(typeAndShard >>> 8, bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)),
        type: typeAndShard & 0xff,
        end: seq === noEnd ? undefined : seq,
        payload: bytes.subarray(payloadAt, payloadAt + payloadBytes),
      };
      at = next;
    }
  }

  #replica(shard: number, high: number, low: number): LoggedReplica {
    const known = this.#known.get(shard) ?? [];
    for (const found of known) if (found.high === high && found.low === low) return found.replica;
    const digits = (word: number): string => word.toString(16).padStart(8, '0');
    const replica = { shard, id: digits(high) + digits(low) };
    known.push({ high, low, replica });
    this.#known.set(shard, known);
    return replica;
  }
}
