/** Writes the identity of a write (R16) as the two fields that carry it in every request that writes, `request` and `position`. */
import type { RequestIdentity } from '../../replication/index.js';
import { ProtobufWriter } from '../protobuf/protobuf-writer.js';
import { encodeMessage } from '../protobuf/shared-writer.js';

const requestField = 14;
const positionField = 15;
const identityField = { client: 1, number: 2, lowest: 3, firstAttempt: 4 } as const;
const historyField = 1;
const seqField = 2;

/** Estimated bytes of the field `request`, and of `position` beside the history. A good estimate saves moving the bytes. */
const expectedRequestBytes = 16;
const expectedSeqBytes = 8;

/** Most bytes of both fields, with a client and a history of up to 64 characters each. */
export const maxIdentityBytes = 192;

export class IdentityWriter {
  /** The position that was written last, and its field from the second time in a row: the requests of one shard often name the same. */
  #history = '';
  #seq = 0;
  #position: Uint8Array | undefined;

  /** @param messageClient the client that the message names for all its requests; undefined: none */
  write(writer: ProtobufWriter, identity: RequestIdentity, messageClient: string | undefined): void {
    const { client, number, lowest, isFirstAttempt } = identity;
    writer.begin(requestField, expectedRequestBytes);
    if (client !== messageClient) writer.string(identityField.client, client);
    writer.uint64(identityField.number, number);
    if (lowest !== number) writer.uint64(identityField.lowest, lowest);
    if (isFirstAttempt) writer.bool(identityField.firstAttempt, true);
    writer.end();
    this.#writePosition(writer, identity);
  }

  #writePosition(writer: ProtobufWriter, { history, seq }: RequestIdentity): void {
    if (seq !== this.#seq || history !== this.#history) {
      this.#history = history;
      this.#seq = seq;
      this.#position = undefined;
      return writePosition(writer, history, seq);
    }
    this.#position ??= encodeMessage((encoder) => writePosition(encoder, history, seq));
    writer.raw(this.#position);
  }
}

function writePosition(writer: ProtobufWriter, history: string, seq: number): void {
  writer.begin(positionField, history.length + expectedSeqBytes);
  writer.string(historyField, history);
  writer.uint64(seqField, seq);
  writer.end();
}

const single = new IdentityWriter();

/** Writes the two fields of a single request. */
export function writeIdentity(writer: ProtobufWriter, identity: RequestIdentity): void {
  single.write(writer, identity, undefined);
}

/** The two fields, to be appended to a request that is encoded already. */
export function encodeIdentity(identity: RequestIdentity): Buffer {
  const writer = new ProtobufWriter();
  writeIdentity(writer, identity);
  return writer.take();
}
