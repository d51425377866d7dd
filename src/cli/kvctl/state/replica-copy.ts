/** One copy of a shard that is compared with others. Every answer is checked to be of the same copy as the first one. */
import { setTimeout as pause } from 'node:timers/promises';
import type { CallOptions, KvClient } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import type {
  CopyPlace,
  ReadCopyRequest,
  ReadCopyResponse,
  ReadRecord,
  ScanCopyRequest,
  ScanCopyResponse,
} from '../../../wire/copies/copy-messages.js';

export type CopyClient = Pick<KvClient, 'scanCopy' | 'readCopy'>;

export interface CopyAddress {
  readonly shard: number;
  readonly nodeId: string;
  readonly address: string;
}

/** Between two questions to a replica that is behind. */
const askAgainMs = 20;

export class ReplicaCopy {
  readonly #client: CopyClient;
  readonly #at: CopyAddress;
  readonly #call: CallOptions;
  #place: CopyPlace | undefined;

  /** @param call its deadline limits each wait */
  constructor(client: CopyClient, at: CopyAddress, call: CallOptions) {
    this.#client = client;
    this.#at = at;
    this.#call = call;
  }

  get nodeId(): string {
    return this.#at.nodeId;
  }
  /** As of the first answer. */
  get place(): CopyPlace {
    return this.#place!;
  }

  /** @returns where the copy is, once it has applied the entry. @throws KvError DEADLINE_EXCEEDED if it does not apply it */
  async reach(minSeq: number): Promise<CopyPlace> {
    const { place } = await this.#read({ minSeq });
    return place!;
  }

  /** The records of the keys, once the copy has applied the entry. @throws KvError as `reach` */
  async read(keys: readonly string[], minSeq: number): Promise<readonly ReadRecord[]> {
    return (await this.#read({ keys, minSeq })).records;
  }

  /** Compares the newest writes of the log with the store. @returns the keys that differ, and how many were compared */
  async compareWithLog(newestWrites: number, minSeq: number): Promise<ReadCopyResponse> {
    return this.#read({ newestWrites, minSeq });
  }

  /** @param onScanned called with the bytes that were read since the call before */
  async *scan(
    request: Omit<ScanCopyRequest, 'shard'>,
    onScanned: (bytes: number) => void,
  ): AsyncGenerator<ScanCopyResponse, void> {
    const { shard, address } = this.#at;
    for await (const part of this.#client.scanCopy(address, { shard, ...request }, this.#call)) {
      if (part.place !== null) this.#check(part.place);
      onScanned(part.scannedBytes);
      yield part;
    }
  }

  async #read(request: Partial<ReadCopyRequest> & Pick<ReadCopyRequest, 'minSeq'>): Promise<ReadCopyResponse> {
    const { shard, address, nodeId } = this.#at;
    const { deadlineMs = 10_000, signal } = this.#call;
    const endMs = performance.now() + deadlineMs;
    for (;;) {
      const answer = await this.#client.readCopy(address, { shard, keys: [], newestWrites: 0, ...request }, this.#call);
      this.#check(answer.place);
      if (answer.place!.appliedSeq >= request.minSeq) return answer;
      if (performance.now() > endMs)
        throw new KvError('DEADLINE_EXCEEDED', `node ${nodeId} has not applied entry ${request.minSeq} of shard ${shard}`);
      await pause(askAgainMs, undefined, { signal });
    }
  }

  #check(place: CopyPlace | null): void {
    if (place === null) throw new KvError('INTERNAL', `node ${this.nodeId} does not say which copy it has read`);
    this.#place ??= place;
    const { replicaId, history, resets } = this.#place;
    if (place.replicaId === replicaId && place.history === history && place.resets === resets) return;
    throw new KvError('NOT_PRIMARY', `the copy of shard ${this.#at.shard} on node ${this.nodeId} was replaced during the check`);
  }
}
