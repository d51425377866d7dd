/** Reads and writes on the replica of this node: refused with our codes unless it is the serving primary. */
import { type ErrorCode, KvError } from '../errors.js';
import type { Answer, Refusal } from '../replication/index.js';
import type { StoredValue } from '../storage/index.js';
import type { ShardHost } from './shard-host.js';
import type { Stripes } from './stripes.js';

export interface LocalWrite {
  readonly key: string;
  /** Undefined: delete. Must be memory of its own: it is stored as it is. */
  readonly value: Uint8Array | undefined;
  readonly ifVersion: number | undefined;
}

export interface WriteResult {
  /** False for a delete of a key that does not exist. */
  readonly written: boolean;
  readonly version: number;
}

const reasons: Record<Exclude<Refusal, 'VERSION_MISMATCH'>, string> = {
  NOT_PRIMARY: 'this node is not the primary of the shard',
  TAKEOVER_IN_PROGRESS: 'the new primary is still making sure of what it inherited',
  HANDOVER_IN_PROGRESS: 'the shard is being handed to another node',
  LEASE_LAPSED: 'a backup has not answered for a lease; the primary may have been replaced',
  PAUSED: 'the primary reaches neither all its backups nor ZooKeeper',
  TOO_FEW_IN_SYNC: 'fewer replicas are in sync than minInSync asks for',
  OVERLOADED: 'too many writes are waiting to be replicated',
  OUTCOME_UNKNOWN: 'the primary was replaced before the write was known to be committed',
};

function errorOf(refusal: Refusal, currentVersion: number | undefined): KvError {
  if (refusal !== 'VERSION_MISMATCH') return new KvError(refusal satisfies ErrorCode, reasons[refusal]);
  return new KvError('VERSION_MISMATCH', `the key is at version ${currentVersion}`, { currentVersion: currentVersion ?? 0 });
}

export class LocalShard {
  readonly #host: ShardHost;
  readonly #stripes: Stripes;
  readonly #maxWaitMs: number;

  /** A write that is not committed within `maxWaitMs` is answered as unknown, whatever deadline its caller has. */
  constructor(host: ShardHost, stripes: Stripes, maxWaitMs: number) {
    this.#host = host;
    this.#stripes = stripes;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Linearizable. @throws KvError, definitely not executed. */
  async read(key: string): Promise<StoredValue | undefined> {
    const refusal = this.#host.refusalOfRead();
    if (refusal !== undefined) throw errorOf(refusal, undefined);
    return this.#host.storage.get(key);
  }

  /** Resolves once every in-sync replica holds the write. @throws KvError */
  write(write: LocalWrite): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      const late = () => reject(new KvError('OUTCOME_UNKNOWN', `the write was not committed within ${this.#maxWaitMs} ms`));
      const timer = setTimeout(late, this.#maxWaitMs);
      const sink = (answer: Answer): void => {
        clearTimeout(timer);
        if (answer.kind === 'written') resolve({ written: true, version: answer.version });
        else if (answer.kind === 'nothingToDelete') resolve({ written: false, version: 0 });
        else if (answer.kind === 'refused') reject(errorOf(answer.refusal, answer.currentVersion));
      };
      const judgeAndAppend = (storedVersion: number): void => this.#host.write({ ...write, storedVersion }, sink);
      const section = (): void | Promise<void> => {
        // Under the stripe nothing is appended for this key, so an entry that commits meanwhile is seen in the store.
        const uncommitted = this.#host.uncommittedVersion(write.key);
        if (uncommitted !== undefined) return judgeAndAppend(uncommitted);
        const stored = this.#host.storage.get(write.key);
        if (stored instanceof Promise) return stored.then((found) => judgeAndAppend(found?.version ?? 0));
        judgeAndAppend(stored?.version ?? 0);
      };
      // A storage that fails to read is the one way for this to reject: nothing was appended.
      const done = this.#stripes.run(write.key, section);
      if (done instanceof Promise) {
        done.catch((error: unknown) => {
          clearTimeout(timer);
          reject(error);
        });
      }
    });
  }
}
