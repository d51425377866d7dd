/** Receives a snapshot from the primary by the rpc Dump, and hands it to the core message by message (R10). */
import type { Client, ClientReadableStream } from '@grpc/grpc-js';
import type { Effect, Event } from '../../replication/index.js';
import { clusterMetadata } from '../../wire/contract/cluster-name.js';
import { replicationService } from '../../wire/contract/node-contract.js';
import type { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { encodeDumpRequest, readSnapshotBody, type SnapshotBody } from '../../wire/peer/snapshot-codec.js';
import { newNodeClient } from './node-client.js';

type RequestSnapshot = Extract<Effect, { type: 'requestSnapshot' }>;

/** A live primary sends something long before this; a silence of this length shows that it is dead. */
const silenceTimeoutMs = 10_000;

export class SnapshotReceiver {
  readonly #codec: ReplicationCodec;
  readonly #handle: (event: Event) => void;
  #current: { readonly client: Client; readonly stream: ClientReadableStream<Buffer> } | undefined;

  constructor(codec: ReplicationCodec, handle: (event: Event) => void) {
    this.#codec = codec;
    this.#handle = handle;
  }

  /** A new request ends the snapshot under way. */
  request(dump: RequestSnapshot, self: string, address: string | undefined): void {
    this.close();
    const failed = (): void => this.#handle({ type: 'snapshotFailed', epochId: dump.epochId, number: dump.number });
    if (address === undefined) {
      setImmediate(failed);
      return;
    }
    const { path, requestSerialize, responseDeserialize } = replicationService.Dump!;
    const client = newNodeClient(address);
    const request = encodeDumpRequest(this.#codec.header({ ...dump, from: self, to: dump.from }), dump.number);
    const metadata = clusterMetadata(this.#codec.clusterId);
    const stream = client.makeServerStreamRequest<Buffer, Buffer>(path, requestSerialize, responseDeserialize, request, metadata);
    const current = { client, stream };
    this.#current = current;
    const silence = setTimeout(() => stream.cancel(), silenceTimeoutMs);
    let isComplete = false;
    const broken = (): void => {
      clearTimeout(silence);
      if (this.#current !== current) return;
      this.close();
      failed();
    };
    stream.on('error', broken);
    stream.on('data', (bytes: Buffer) => {
      silence.refresh();
      if (this.#current !== current) return;
      const received = this.#codec.receive(bytes, readSnapshotBody);
      if (received.kind === 'malformed') return broken();
      if (received.kind === 'refused' || received.body === undefined) return;
      isComplete ||= received.body.type === 'end';
      if (received.number === dump.number) this.#received(dump, received.body);
    });
    stream.on('end', () => {
      clearTimeout(silence);
      if (this.#current !== current) return;
      this.close();
      if (!isComplete) failed();
    });
  }

  close(): void {
    const current = this.#current;
    this.#current = undefined;
    current?.stream.cancel();
    current?.client.close();
  }

  #received({ epochId, number }: RequestSnapshot, body: SnapshotBody): void {
    if (body.type === 'begin') {
      const { baseSeq, baseEpoch, baseEpochId } = body;
      this.#handle({ type: 'snapshotBegun', epochId, number, baseSeq, baseEpoch, baseEpochId });
    } else if (body.type === 'chunk') this.#handle({ type: 'snapshotChunk', epochId, number, items: body.items });
    else this.#handle({ type: 'snapshotEnded', epochId, number, commitIndex: body.commitIndex });
  }
}
