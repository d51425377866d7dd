/**
 * Reads one page of a shard at its primary: one moment of the shard, and linearizable as a get is (R9). The lease is judged in the turn in
 * which the page is read, and again where the page came later. A page shows no key that is due: it has such keys deleted first, waits for
 * the commit, and reads again (R17).
 */
import { KvError, type ShardPosition } from '../../errors.js';
import type { DueKey } from '../../replication/index.js';
import { DatabaseError } from '../../storage/database/index.js';
import type { RangeItem, RangePage, RangeQuery, Storage } from '../../storage/index.js';
import type { LocalShard } from '../shards/local-shard.js';
import type { ShardHost } from '../shards/shard-host.js';
import { expireDue } from './expire-due.js';

/** The replica that is scanned. */
export interface ScannedReplica {
  readonly host: Pick<ShardHost, 'epoch' | 'copy' | 'isPrimaryIn' | 'timeMs' | 'write'> & {
    readonly storage: Pick<Storage, 'range'>;
  };
  readonly local: Pick<LocalShard, 'refusalOfRead' | 'isBeingWritten' | 'readDue'>;
}

export interface ReadPage {
  readonly items: readonly RangeItem[];
  /** The time of the shard at the moment of the page. */
  readonly timeMs: number;
  readonly position: ShardPosition;
  readonly epoch: number;
  /** No key of the range lies behind the page. */
  readonly isExhausted: boolean;
  /** How long the storage has worked on it in this turn. */
  readonly readMs: number;
}

/** After this many readings that have met keys which are due, a page ends before the first of them. */
const patientReadings = 4;
/** A page whose first key is due again after this many readings is refused. */
const maxReadings = 32;
/** Limits the wait for a page that the storage does not have in memory. */
const maxStoredWaitMs = 10_000;

/**
 * @param query undefined: no key belongs to the range
 * @param make called once, with the page. The values may be views of the storage, which are good only until it returns.
 * @returns what `make` has made of the page
 * @throws KvError the refusal of a read, as for a get; NO_ORDER: the replica has none
 */
export async function readPage<Made>(
  replica: ScannedReplica,
  query: RangeQuery | undefined,
  make: (page: ReadPage) => Made,
): Promise<Made> {
  const { host, local } = replica;
  for (let reading = 1; ; reading++) {
    const judged = await readOnce(replica, query, (page): { readonly made: Made } | { readonly due: readonly DueKey[] } => {
      const { due, first } = dueOf(page);
      if (due.length === 0) return { made: make(page) };
      if (reading < patientReadings || first === 0) return { due };
      return { made: make({ ...page, items: page.items.slice(0, first), isExhausted: false }) };
    });
    if ('made' in judged) return judged.made;
    if (reading >= maxReadings) throw new KvError('OVERLOADED', 'keys of the page become due as fast as they are written');
    await expireDue({ local, write: (event) => host.write(event) }, judged.due);
  }
}

/** The keys of a page that are due, and the place of the first one. */
function dueOf({ items, timeMs }: ReadPage): { readonly due: readonly DueKey[]; readonly first: number } {
  const due: DueKey[] = [];
  let first = items.length;
  for (const [index, { key, expiresAtMs }] of items.entries()) {
    if (expiresAtMs === undefined || expiresAtMs > timeMs) continue;
    first = Math.min(first, index);
    due.push({ key, expiresAtMs });
  }
  return { due, first };
}

/** A page that is answered at once is judged in the turn of the call. */
function readOnce<Judged>(
  { host, local }: ScannedReplica,
  query: RangeQuery | undefined,
  judge: (page: ReadPage) => Judged,
): Judged | Promise<Judged> {
  const beginMs = performance.now();
  const refusal = local.refusalOfRead(beginMs);
  if (refusal !== undefined) throw refusal;
  const { epoch, copy, storage } = host;
  if (copy === undefined) throw notPrimary();
  if (storage.range === undefined) throw withoutOrder();
  const { history, resets } = copy;
  let { seq } = copy;
  let timeMs = host.timeMs(beginMs);
  const onMoment = (): void => {
    seq = host.copy?.seq ?? seq;
    timeMs = host.timeMs(performance.now());
  };
  const found = query === undefined ? emptyPage : storage.range(query, onMoment);
  const placed = (page: RangePage, readMs: number): ReadPage => ({ ...page, epoch, position: { history, seq }, timeMs, readMs });
  if (!(found instanceof Promise)) return judge(placed(found, performance.now() - beginMs));
  return inTime(found).then((page) => {
    // Meanwhile another primary may have been elected, or the copy replaced (R9).
    const laterRefusal = local.refusalOfRead(performance.now());
    if (laterRefusal !== undefined) throw laterRefusal;
    if (!host.isPrimaryIn(epoch) || host.copy?.resets !== resets) throw notPrimary();
    return judge(placed(page, 0));
  });
}

const emptyPage: RangePage = { items: [], isExhausted: true };

async function inTime<Found>(found: Promise<Found>): Promise<Found> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const message = `the storage of the primary has not given the page within ${maxStoredWaitMs / 1_000} s; a large shard in memory may still be putting its keys in order, so try again`;
    timer = setTimeout(() => reject(new KvError('STORAGE_UNAVAILABLE', message)), maxStoredWaitMs);
  });
  try {
    return await Promise.race([found, late]);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw new KvError('STORAGE_UNAVAILABLE', `the database of the primary: ${error.message}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

function withoutOrder(): KvError {
  return new KvError('NO_ORDER', 'the primary of the shard keeps no order of keys, because it was started with --no-order');
}

function notPrimary(): KvError {
  return new KvError('NOT_PRIMARY', 'this node is not the primary of the shard any more');
}
