/**
 * Deletes the keys of a page of a scan that are due (R17). A key expires only by an entry of the log. So the page waits until the
 * deletes have committed and is then read again, as a get of such a key waits.
 */
import { KvError } from '../../errors.js';
import type { DueEvent, DueKey } from '../../replication/index.js';
import { inTime } from '../in-time.js';
import { LocalOperation, type LocalShard } from '../shards/local-shard.js';

/** The shard whose keys are due. */
export interface ExpiringShard {
  readonly local: Pick<LocalShard, 'isBeingWritten' | 'readDue'>;
  write(event: DueEvent): void;
}

/** Limits the keys that one entry deletes. The sweep of due keys has the same limit. */
const maxEntryKeys = 512;
/** Limits how long a page waits for the commit of the deletes. */
const maxWaitMs = 10_000;

/** One call that waits for the deletes of some keys. */
class ExpiredKeys extends LocalOperation {
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;

  constructor(resolve: () => void, reject: (error: unknown) => void) {
    super();
    this.#resolve = resolve;
    this.#reject = reject;
  }

  override succeeded(): void {
    this.#resolve();
  }

  override failed(error: unknown): void {
    this.#reject(error);
  }
}

/**
 * Resolves once every one of these keys is deleted or written again. A key with a write under way is not deleted here: the call waits
 * for that write, as a get does.
 *
 * @param isCurrent nothing was applied since the keys were read. Otherwise each of them is looked up again under its lock: one that was
 *   written meanwhile stays.
 * @throws KvError the refusal of a delete; OUTCOME_UNKNOWN if the deletes have not committed in time
 */
export async function expireDue({ local, write }: ExpiringShard, due: readonly DueKey[], isCurrent: boolean): Promise<void> {
  const free = isCurrent ? due.filter(({ key }) => !local.isBeingWritten(key)) : [];
  const waits: Promise<void>[] = [];
  for (let first = 0; first < free.length; first += maxEntryKeys) {
    const keys = free.slice(first, first + maxEntryKeys);
    waits.push(new Promise((resolve, reject) => write({ type: 'due', token: new ExpiredKeys(resolve, reject), keys })));
  }
  const freeKeys = new Set(free);
  for (const one of due) {
    if (freeKeys.has(one)) continue;
    waits.push(new Promise((resolve, reject) => local.readDue(one.key, new ExpiredKeys(resolve, reject))));
  }
  await inTime(Promise.all(waits), maxWaitMs, notExpired);
}

function notExpired(): KvError {
  return new KvError('OUTCOME_UNKNOWN', `the deletes of keys that are due were not committed within ${maxWaitMs / 1_000} s`);
}
