/**
 * Receives a snapshot from the primary by the rpc Dump, on a connection of its own, and passes it to the core message by message (R10).
 * While much waits for the disk it does not read, so flow control of TCP stops the primary.
 */
import type { Effect, Event } from '../../replication/index.js';
import type { Storage } from '../../storage/index.js';
import { dialTcp, type FrameStream } from '../../transport/index.js';
import { nodeRpcs } from '../../wire/contract/node-rpcs.js';
import type { ReplicationCodec } from '../../wire/peer/replication-codec.js';
import { encodeDumpRequest, readSnapshotBody, type SnapshotBody } from '../../wire/peer/snapshot-codec.js';

type RequestSnapshot = Extract<Effect, { type: 'requestSnapshot' }>;

/** How long connecting may take, from TCP until the other node accepts the rpc. */
const connectTimeoutMs = 2_000;
/** A live primary sends something long before this; a silence of this length shows that it is dead. */
const silenceTimeoutMs = 10_000;

export class SnapshotReceiver {
  readonly #codec: ReplicationCodec;
  readonly #handle: (event: Event) => void;
  readonly #storage: Pick<Storage, 'backlog'>;
  #current: FrameStream | undefined;

  /** @param storage where the core puts what it receives */
  constructor(codec: ReplicationCodec, handle: (event: Event) => void, storage: Pick<Storage, 'backlog'>) {
    this.#codec = codec;
    this.#handle = handle;
    this.#storage = storage;
  }

  /** A new request ends the snapshot under way. */
  request(dump: RequestSnapshot, self: string, address: string | undefined): void {
    this.close();
    const failed = (): void => this.#handle({ type: 'snapshotFailed', epochId: dump.epochId, number: dump.number });
    if (address === undefined) {
      setImmediate(failed);
      return;
    }
    let isComplete = false;
    const broken = (): void => {
      clearTimeout(silence);
      if (this.#current !== stream) return;
      this.close();
      failed();
    };
    let silence: NodeJS.Timeout | undefined = setTimeout(broken, silenceTimeoutMs);
    const waitFor = async (backlog: Promise<void>): Promise<void> => {
      // While this node does not read, silence shows nothing.
      clearTimeout(silence);
      silence = undefined;
      stream.pause();
      await backlog;
      if (this.#current !== stream) return;
      silence = setTimeout(broken, silenceTimeoutMs);
      stream.resume();
    };
    const { clusterId } = this.#codec.cluster;
    const stream = dialTcp(
      { address, rpc: nodeRpcs.dump, clusterId, connectTimeoutMs },
      {
        onAccepted() {},
        onFrame: (bytes) => {
          silence?.refresh();
          if (this.#current !== stream) return;
          const received = this.#codec.receive(bytes, readSnapshotBody);
          if (received.kind === 'malformed') return broken();
          if (received.kind === 'refused' || received.body === undefined) return;
          isComplete ||= received.body.type === 'end';
          if (received.number === dump.number) this.#received(dump, received.body);
          const { backlog } = this.#storage;
          if (backlog !== undefined && silence !== undefined) void waitFor(backlog);
        },
        onDrain() {},
        onEnd() {},
        onClosed: (error) => {
          clearTimeout(silence);
          if (this.#current !== stream) return;
          this.#current = undefined;
          if (error !== undefined || !isComplete) failed();
        },
      },
    );
    this.#current = stream;
    stream.send(encodeDumpRequest(this.#codec.header({ ...dump, from: self, to: dump.from }), dump.number));
  }

  close(): void {
    const current = this.#current;
    this.#current = undefined;
    current?.cancel();
  }

  #received({ epochId, number }: RequestSnapshot, body: SnapshotBody): void {
    if (body.type === 'begin') {
      const { type: _, ...begin } = body;
      this.#handle({ type: 'snapshotBegun', epochId, number, ...begin });
    } else if (body.type === 'requests') this.#handle({ type: 'snapshotRequests', epochId, number, requests: body.requests });
    else if (body.type === 'chunk') this.#handle({ type: 'snapshotChunk', epochId, number, items: body.items });
    else this.#handle({ type: 'snapshotEnded', epochId, number, commitIndex: body.commitIndex });
  }
}
