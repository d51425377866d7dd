/** Writes one log entry: by itself, or in a group that names what its entries have in common (encoded-entries.ts). */
import type { KeyWrite, LogEntry, RecordedRequest } from '../../replication/index.js';
import type { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { writeAnswerField } from './answer-codec.js';
import type { GroupClients } from './group-clients.js';
import { requestMessageBytes, writeRequest } from './request-codec.js';

/** Estimated bytes of an entry beside its writes, and of a write beside its key and value: tags, lengths, seq and epoch. */
const overheadBytes = 12;
const writeOverheadBytes = 6;
/** Estimated bytes of the numbers of a request. */
const requestNumbersBytes = 12;

export function writeEntry(writer: ProtobufWriter, field: number, entry: LogEntry): void {
  const { seq, epoch, writes, request, atMs } = entry;
  writer.begin(field, expectedBytes(entry) + (request === undefined ? 0 : requestMessageBytes - requestNumbersBytes));
  writer.uint64(1, seq);
  writer.uint64(2, epoch);
  for (const write of writes) writeKeyWrite(writer, write);
  if (request !== undefined) writeRequest(writer, 4, request, 0, writes[0]?.value);
  if (atMs !== undefined) writer.uint64(5, atMs);
  writer.end();
}

/** @param groupEpoch the epoch that the group names */
export function writeGroupedEntry(
  writer: ProtobufWriter,
  field: number,
  entry: LogEntry,
  groupEpoch: number,
  clients: GroupClients,
): void {
  const { epoch, writes, request, atMs } = entry;
  writer.begin(field, expectedBytes(entry));
  if (epoch !== groupEpoch) writer.uint64(2, epoch);
  for (const write of writes) writeKeyWrite(writer, write);
  if (atMs !== undefined) writer.uint64(5, atMs);
  if (request !== undefined) writeGroupedRequest(writer, request, clients, writes[0]?.value);
  writer.end();
}

/** Writes the request as numbers, unless the group does not name its client or the request has a floor. */
function writeGroupedRequest(
  writer: ProtobufWriter,
  request: RecordedRequest,
  clients: GroupClients,
  written: Uint8Array | undefined,
): void {
  const { number, lowest, fingerprint, floor, answer } = request;
  const client = clients.indexOf(request.client);
  if (client < 0 || floor !== 0 || lowest > number) return writeRequest(writer, 4, request, 0, written);
  if (answer !== undefined) writeAnswerField(writer, 6, answer, written);
  writer.begin(7, requestNumbersBytes);
  writer.packed(client);
  writer.packed(number);
  writer.packed(number - lowest);
  writer.packed(fingerprint);
  writer.end();
}

function writeKeyWrite(writer: ProtobufWriter, { key, value, expiresAtMs }: KeyWrite): void {
  writer.begin(3, writeOverheadBytes + key.length + (value?.length ?? 0));
  writer.string(1, key);
  if (value !== undefined) writer.bytes(2, value);
  if (expiresAtMs !== undefined) writer.uint64(3, expiresAtMs);
  writer.end();
}

/** Estimates the bytes of an entry. If the varint of the estimate is as long as that of the true length, no bytes must be moved. */
export function expectedBytes({ writes, request }: LogEntry): number {
  let bytes = request === undefined ? overheadBytes : overheadBytes + requestNumbersBytes;
  for (const { key, value } of writes) bytes += writeOverheadBytes + key.length + (value?.length ?? 0);
  return bytes;
}
