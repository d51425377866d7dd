/** Takes a dump from the primary and reports it to the core, message by message (R10). */
import type { Client, ClientReadableStream } from '@grpc/grpc-js';
import type { Effect, Event } from '../replication/index.js';
import { replicationService } from '../rpc/proto.js';
import { type DumpMessage, ownItems, type ReplicationCodec } from '../rpc/replication-codec.js';
import { newNodeClient } from './node-client.js';

type RequestDump = Extract<Effect, { type: 'requestDump' }>;

/** A primary that is alive sends something long before; one that is not is found by the silence. */
const silenceTimeoutMs = 10_000;

export class DumpClient {
  readonly #codec: ReplicationCodec;
  readonly #handle: (event: Event) => void;
  #current: { readonly client: Client; readonly stream: ClientReadableStream<DumpMessage> } | undefined;

  constructor(codec: ReplicationCodec, handle: (event: Event) => void) {
    this.#codec = codec;
    this.#handle = handle;
  }

  /** A new dump voids the one under way. */
  request(dump: RequestDump, self: string, address: string | undefined): void {
    this.close();
    const failed = (): void => this.#handle({ type: 'dumpFailed', epoch: dump.epoch, number: dump.number });
    if (address === undefined) {
      setImmediate(failed);
      return;
    }
    const { path, requestSerialize, responseDeserialize } = replicationService.Dump!;
    const client = newNodeClient(address);
    const request = { header: this.#codec.header(dump.epoch, self, dump.from), number: dump.number };
    const stream = client.makeServerStreamRequest<object, DumpMessage>(path, requestSerialize, responseDeserialize, request);
    const current = { client, stream };
    this.#current = current;
    const silence = setTimeout(() => stream.cancel(), silenceTimeoutMs);
    let whole = false;
    stream.on('error', () => {
      clearTimeout(silence);
      if (this.#current !== current) return;
      this.close();
      failed();
    });
    stream.on('data', (message: DumpMessage) => {
      silence.refresh();
      if (this.#current !== current) return;
      whole ||= message.body === 'end';
      this.#received(dump, message);
    });
    stream.on('end', () => {
      clearTimeout(silence);
      if (this.#current !== current) return;
      this.close();
      if (!whole) failed();
    });
  }

  close(): void {
    const current = this.#current;
    this.#current = undefined;
    current?.stream.cancel();
    current?.client.close();
  }

  #received({ epoch, number }: RequestDump, message: DumpMessage): void {
    if (this.#codec.reasonToRefuse(message.header) !== undefined || message.number !== number) return;
    if (message.begin) this.#handle({ type: 'dumpBegun', epoch, number, ...message.begin });
    else if (message.chunk) this.#handle({ type: 'dumpChunk', epoch, number, items: ownItems(message.chunk.items) });
    else if (message.end) this.#handle({ type: 'dumpEnded', epoch, number, commitIndex: message.end.commitIndex });
  }
}
