/**
 * Reads a dump record by record, in bounded memory. A record is returned only after its own checksum was verified.
 * Only the checksum at the end shows that no frame was lost, repeated or moved.
 */
import { isUtf8 } from 'node:buffer';
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from '../crc32.js';
import { maxKeyBytes, maxTtlMs } from '../limits.js';
import { ByteSource } from './byte-source.js';
import {
  checkBytes,
  DumpDamagedError,
  type DumpedShard,
  type DumpHeader,
  type DumpRecord,
  endBytes,
  firstVersionWithShards,
  kinds,
  lengthBytes,
  maxBodyBytes,
  readableVersions,
  recordHeadBytes,
  signature,
  ttlBytes,
} from './format.js';

export interface DumpReading {
  readonly header: DumpHeader;
  /** Must be read to the end. Rejects with DumpDamagedError at the first damage. */
  readonly records: AsyncGenerator<DumpRecord, void>;
  /** The shards that have been read so far; none in a file of version 1 or 2. */
  readonly shards: readonly DumpedShard[];
  /** Identifies the file: the SHA-256 of its content, in hex. Undefined until the records have been read to the end. */
  readonly digest: string | undefined;
}

/** @throws DumpDamagedError if the stream does not begin as a dump of a known version does. */
export async function readDump(chunks: AsyncIterable<Uint8Array>): Promise<DumpReading> {
  const source = new ByteSource(chunks);
  const hash = createHash('sha256');
  const begin = await source.take(signature.length);
  if (!begin.equals(signature)) throw new DumpDamagedError('it does not begin as a dump of kvctl', 0);
  hash.update(begin);
  const { body, bytes } = await nextFrame(source);
  hash.update(bytes);
  return new Reading(parseHeader(body), source, hash);
}

class Reading implements DumpReading {
  readonly header: DumpHeader;
  readonly shards: DumpedShard[] = [];
  readonly records: AsyncGenerator<DumpRecord, void>;
  readonly #source: ByteSource;
  readonly #hash: Hash;
  digest: string | undefined;

  constructor(header: DumpHeader, source: ByteSource, hash: Hash) {
    this.header = header;
    this.#source = source;
    this.#hash = hash;
    this.records = this.#read();
  }

  async *#read(): AsyncGenerator<DumpRecord, void> {
    const source = this.#source;
    let count = 0;
    try {
      for (;;) {
        const start = source.position;
        const { body, bytes } = await nextFrame(source);
        if (body[0] === kinds.end) {
          this.#end(body, count, start);
          if ((await source.take(1)).length > 0) throw new DumpDamagedError('bytes follow after its end', source.position - 1);
          return;
        }
        this.#hash.update(bytes);
        if (this.#hasShards && body[0] === kinds.shard) {
          this.#beginShard(parseShard(body, start), start);
          continue;
        }
        if (this.#hasShards && this.shards.length === 0) throw new DumpDamagedError('a record is of no shard', start);
        count += 1;
        yield parseRecord(body, start);
      }
    } finally {
      await source.close();
    }
  }

  get #hasShards(): boolean {
    return this.header.formatVersion >= firstVersionWithShards;
  }

  #beginShard(shard: DumpedShard, start: number): void {
    const isKnown = this.shards.some((known) => known.shard === shard.shard);
    if (isKnown || shard.shard >= this.header.shards)
      throw new DumpDamagedError(`shard ${shard.shard} is there twice, or is none of ${this.header.shards}`, start);
    this.shards.push(shard);
  }

  #end(body: Buffer, count: number, start: number): void {
    const digest = this.#hash.digest();
    checkEnd(body, { count, digest, start });
    if (this.#hasShards && this.shards.length !== this.header.shards)
      throw new DumpDamagedError(`it has ${this.shards.length} of ${this.header.shards} shards`, start);
    this.digest = digest.toString('hex');
  }
}

async function nextFrame(source: ByteSource): Promise<{ body: Buffer; bytes: Buffer }> {
  const start = source.position;
  const head = await source.take(lengthBytes);
  if (head.length < lengthBytes) throw new DumpDamagedError('it ends too early, and the rest is missing', start);
  const bodyBytes = head.readUInt32BE(0);
  if (bodyBytes < 1 || bodyBytes > maxBodyBytes)
    throw new DumpDamagedError(`${bodyBytes} is not a valid length of a record`, start);
  const rest = await source.take(bodyBytes + checkBytes);
  if (rest.length < bodyBytes + checkBytes) throw new DumpDamagedError('it ends within a record, and the rest is missing', start);
  const bytes = Buffer.concat([head, rest]);
  const checked = bytes.subarray(0, lengthBytes + bodyBytes);
  if (crc32(checked) !== bytes.readUInt32BE(checked.length))
    throw new DumpDamagedError('the checksum of a record does not match', start);
  return { body: checked.subarray(lengthBytes), bytes };
}

function parseHeader(body: Buffer): DumpHeader {
  const start = signature.length;
  if (body[0] !== kinds.header) throw new DumpDamagedError('it has no header', start);
  const header = parseJson<DumpHeader>(body, 'its header', start);
  const version = header?.formatVersion;
  if (version === undefined) throw new DumpDamagedError('its header does not have a version', start);
  if (readableVersions.includes(version)) return header as DumpHeader;
  const known = `the versions ${readableVersions.join(', ')}`;
  throw new DumpDamagedError(`its format has version ${JSON.stringify(version)}, and this kvctl reads ${known}`, start);
}

function parseShard(body: Buffer, start: number): DumpedShard {
  const found = parseJson<DumpedShard>(body, 'the position of a shard', start);
  const numbers = [found?.shard, found?.epoch, found?.seq];
  if (typeof found?.history !== 'string' || !numbers.every((number) => Number.isSafeInteger(number) && number! >= 0))
    throw new DumpDamagedError('the position of a shard is not valid', start);
  return found as DumpedShard;
}

/** @param what is in the body, behind the kind */
function parseJson<Content>(body: Buffer, what: string, start: number): Partial<Content> | null {
  try {
    return JSON.parse(body.toString('utf8', 1)) as Partial<Content> | null;
  } catch (cause) {
    throw new DumpDamagedError(`${what} is not valid JSON`, start, { cause });
  }
}

function parseRecord(body: Buffer, start: number): DumpRecord {
  const hasTtl = body[0] === kinds.recordWithTtl;
  const headBytes = recordHeadBytes + (hasTtl ? ttlBytes : 0);
  if ((body[0] !== kinds.record && !hasTtl) || body.length < headBytes)
    throw new DumpDamagedError('there is no valid record', start);
  const keyEnd = headBytes + body.readUInt16BE(9);
  const key = body.subarray(headBytes, keyEnd);
  if (keyEnd > body.length || key.length === 0 || key.length > maxKeyBytes || !isUtf8(key))
    throw new DumpDamagedError('the key of a record is not valid', start);
  const record = { key: key.toString(), value: body.subarray(keyEnd), version: Number(body.readBigUInt64BE(1)) };
  if (!hasTtl) return record;
  const ttlMs = Number(body.readBigUInt64BE(recordHeadBytes));
  if (ttlMs < 1 || ttlMs > maxTtlMs) throw new DumpDamagedError('the TTL of a record is not valid', start);
  return { ...record, ttlMs };
}

function checkEnd(body: Buffer, { count, digest, start }: { count: number; digest: Buffer; start: number }): void {
  if (body.length !== endBytes) throw new DumpDamagedError('its end is not valid', start);
  const written = Number(body.readBigUInt64BE(1));
  if (written !== count) throw new DumpDamagedError(`it has ${count} records, and ${written} were written`, start);
  if (!digest.equals(body.subarray(9))) throw new DumpDamagedError('the checksum of the whole file does not match', start);
}
