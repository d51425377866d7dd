/** A write whose caller waits for it with a promise, and not for ever. */
import { KvError } from '../../errors.js';
import { LocalOperation, type LocalShard, type LocalWrite } from '../shards/local-shard.js';

/**
 * The version it gave the key; 0 if there was nothing to delete.
 *
 * @throws KvError; OUTCOME_UNKNOWN if it is not committed within `maxWaitMs`.
 */
export function awaitWrite(local: LocalShard, write: LocalWrite, maxWaitMs: number): Promise<number> {
  return new Promise((resolve, reject) => local.write(write, new AwaitedWrite(resolve, reject, maxWaitMs), performance.now()));
}

class AwaitedWrite extends LocalOperation {
  readonly #resolve: (version: number) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;

  constructor(resolve: (version: number) => void, reject: (error: unknown) => void, maxWaitMs: number) {
    super();
    this.#resolve = resolve;
    this.#reject = reject;
    const late = () => reject(new KvError('OUTCOME_UNKNOWN', `the write was not committed within ${maxWaitMs} ms`));
    this.#timer = setTimeout(late, maxWaitMs);
  }

  override succeeded(version: number): void {
    clearTimeout(this.#timer);
    this.#resolve(version);
  }

  override failed(error: unknown): void {
    clearTimeout(this.#timer);
    this.#reject(error);
  }
}
