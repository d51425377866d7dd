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
  type DumpHeader,
  type DumpRecord,
  endBytes,
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
  return { header: parseHeader(body), records: recordsOf(source, hash) };
}

async function* recordsOf(source: ByteSource, hash: Hash): AsyncGenerator<DumpRecord, void> {
  let count = 0;
  try {
    for (;;) {
      const start = source.position;
      const { body, bytes } = await nextFrame(source);
      if (body[0] === kinds.end) {
        checkEnd(body, { count, hash, start });
        if ((await source.take(1)).length > 0) throw new DumpDamagedError('bytes follow after its end', source.position - 1);
        return;
      }
      hash.update(bytes);
      count += 1;
      yield parseRecord(body, start);
    }
  } finally {
    await source.close();
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
  const header = parseJson(body.toString('utf8', 1), start);
  const version = header?.formatVersion;
  if (version === undefined) throw new DumpDamagedError('its header does not have a version', start);
  if (readableVersions.includes(version)) return header as DumpHeader;
  const known = `the versions ${readableVersions.join(' and ')}`;
  throw new DumpDamagedError(`its format has version ${JSON.stringify(version)}, and this kvctl reads ${known}`, start);
}

function parseJson(text: string, start: number): Partial<DumpHeader> | null {
  try {
    return JSON.parse(text) as Partial<DumpHeader> | null;
  } catch (cause) {
    throw new DumpDamagedError('its header is not valid JSON', start, { cause });
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

function checkEnd(body: Buffer, { count, hash, start }: { count: number; hash: Hash; start: number }): void {
  if (body.length !== endBytes) throw new DumpDamagedError('its end is not valid', start);
  const written = Number(body.readBigUInt64BE(1));
  if (written !== count) throw new DumpDamagedError(`it has ${count} records, and ${written} were written`, start);
  if (!hash.digest().equals(body.subarray(9))) throw new DumpDamagedError('the checksum of the whole file does not match', start);
}
