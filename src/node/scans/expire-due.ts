/**
 * Has keys deleted that are due, for a page of a scan that has met them (R17). Only the log expires a key, so the page waits until the
 * deletes have committed and is then read again, as a get of such a key waits.
 */
import { KvError } from '../../errors.js';
import type { DueEvent, DueKey } from '../../replication/index.js';
import { LocalOperation, type LocalShard } from '../shards/local-shard.js';

/** The shard whose keys are due. */
export interface ExpiringShard {
  readonly local: Pick<LocalShard, 'isBeingWritten' | 'readDue'>;
  write(event: DueEvent): void;
}

/** Limits the keys of one entry, as the sweep of due keys does. */
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
 * Resolves once none of these keys is stored as it was. A key that is being written is left to that write, as a get would wait for it.
 *
 * @throws KvError the refusal of a delete; OUTCOME_UNKNOWN if the deletes have not committed in time
 */
export async function expireDue({ local, write }: ExpiringShard, due: readonly DueKey[]): Promise<void> {
  const free = due.filter(({ key }) => !local.isBeingWritten(key));
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
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(notExpired()), maxWaitMs);
  });
  try {
    await Promise.race([Promise.all(waits), late]);
  } finally {
    clearTimeout(timer);
  }
}

function notExpired(): KvError {
  return new KvError('OUTCOME_UNKNOWN', `the deletes of keys that are due were not committed within ${maxWaitMs / 1_000} s`);
}
