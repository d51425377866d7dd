/**
 * Reads one page of a shard at its primary. A page shows one moment of the shard, and is linearizable as a get is (R9). The primary judges
 * its lease in the turn that reads the page, and again if the storage answers in a later turn. A page shows no key that is due: such keys
 * are deleted first, and after the commit the page is read again (R17).
 */
import { KvError, type ShardPosition } from '../../errors.js';
import type { DueKey } from '../../replication/index.js';
import { DatabaseError } from '../../storage/database/index.js';
import type { RangeItem, RangePage, RangeQuery, Storage } from '../../storage/index.js';
import { inTime } from '../in-time.js';
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

/** If this many readings in a row have found keys that are due, the page ends before the first of these keys. */
const patientReadings = 4;
/** A page is refused if its first key is due in this many readings in a row. */
const maxReadings = 32;
/** Limits the wait for a page that the storage does not have in memory. */
const maxStoredWaitMs = 10_000;

/**
 * @param query undefined: no key belongs to the range
 * @param make called once, with the page. The values may be views of the storage, which are good only until it returns.
 * @returns what `make` has made of the page
 * @throws KvError the refusal of a read, as for a get; NO_ORDER: the replica keeps no order of keys
 */
export async function readPage<Made>(
  replica: ScannedReplica,
  query: RangeQuery | undefined,
  make: (page: ReadPage) => Made,
): Promise<Made> {
  const { host, local } = replica;
  for (let reading = 1; ; reading++) {
    const judged = await readOnce(replica, query, (page): { readonly made: Made } | DuePage => {
      const { due, first } = dueOf(page);
      if (due.length === 0) return { made: make(page) };
      if (reading < patientReadings || first === 0) return { due, seq: page.position.seq };
      return { made: make({ ...page, items: page.items.slice(0, first), isExhausted: false }) };
    });
    if ('made' in judged) return judged.made;
    if (reading >= maxReadings) throw new KvError('OVERLOADED', 'keys of the page become due as fast as they are written');
    // A key may have been written since the moment of the page, and what is due then is not what is stored now.
    const isCurrent = host.copy?.seq === judged.seq;
    await expireDue({ local, write: (event) => host.write(event) }, judged.due, isCurrent);
  }
}

/** What a page has shown that is due. */
interface DuePage {
  readonly due: readonly DueKey[];
  /** The page is as of this entry. */
  readonly seq: number;
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
  return stored(found).then((page) => {
    // Meanwhile another primary may have been elected, or the copy replaced (R9).
    const laterRefusal = local.refusalOfRead(performance.now());
    if (laterRefusal !== undefined) throw laterRefusal;
    if (!host.isPrimaryIn(epoch) || host.copy?.resets !== resets) throw notPrimary();
    return judge(placed(page, 0));
  });
}

const emptyPage: RangePage = { items: [], isExhausted: true };

async function stored<Found>(found: Promise<Found>): Promise<Found> {
  try {
    return await inTime(found, maxStoredWaitMs, notStoredInTime);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw new KvError('STORAGE_UNAVAILABLE', `the database of the primary: ${error.message}`, { cause: error });
  }
}

function notStoredInTime(): KvError {
  const reason = `the primary has not read the page within ${maxStoredWaitMs / 1_000} s`;
  const advice = 'with data in memory it may still be sorting the keys of a large shard, so try again';
  return new KvError('STORAGE_UNAVAILABLE', `${reason}; ${advice}`);
}

function withoutOrder(): KvError {
  return new KvError('NO_ORDER', 'the primary of the shard keeps no order of keys, because it was started with --no-order');
}

function notPrimary(): KvError {
  return new KvError('NOT_PRIMARY', 'this node is not the primary of the shard any more');
}
