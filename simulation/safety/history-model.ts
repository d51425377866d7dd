/**
 * The committed entries, as the replicas have shown them: the first primary that applies a seq decides which entry
 * stands there. A generation is a history that goes on without a loss. The operator's command and an ended history
 * begin another one (R13).
 */
import type { Answer, LogEntry, RecordedAnswer } from '../../src/replication/index.js';
import type { Store, StoredItem } from '../virtual/store.js';
import { ExpiryModel } from './expiry-model.js';
import { sameBytes } from './same-bytes.js';
import { require } from './violation.js';

interface KeyVersion {
  readonly seq: number;
  /** Undefined: deleted. */
  readonly value: Uint8Array | undefined;
  readonly expiresAtMs: number | undefined;
}

export class HistoryModel {
  generation = 0;
  /** Of this generation, in order. */
  order: LogEntry[] = [];
  lastCommitted = 0;
  /**
   * The last entry that is acknowledged, or applied where a read could be served. No client can have seen a later
   * one.
   */
  lastVisible = 0;
  /** Of all generations. */
  readonly ever = new Map<number, LogEntry>();
  /** The model does not know of every entry of an earlier generation whether it was committed. */
  hasForgotten = false;
  #maxEver = 0;
  /** The model of the store begins after this seq. */
  #baseSeq = 0;
  readonly #keys = new Map<string, KeyVersion[]>();
  readonly expiry = new ExpiryModel();
  /** By client and number: the seq at which the request was executed (R16). */
  readonly #executed = new Map<string, number>();
  /** By seq: the requests that the first replica recognised which had applied just that. */
  readonly #recognised = new Map<number, string>();
  /** The first epoch of each generation. */
  readonly #firstEpochs: number[] = [0];

  /** @param nowMs of the run */
  commit(entry: LogEntry, nowMs: number): void {
    const { seq, writes, request } = entry;
    require(seq > this.lastCommitted, () => `entry ${seq} is committed after ${this.lastCommitted}`);
    const other = this.ever.get(seq);
    if (other === undefined)
      require(seq > this.#maxEver, () => `entry ${seq} is committed after ${this.#maxEver}, in an earlier history`);
    else require(isSame(other, entry), () => `version ${seq} of epoch ${other.epoch} is used again in epoch ${entry.epoch}`);
    if (request !== undefined && writes.length > 0) this.#execute(`${request.client} ${request.number}`, seq);
    this.ever.set(seq, entry);
    this.#maxEver = Math.max(this.#maxEver, seq);
    this.order.push(entry);
    this.lastCommitted = seq;
    for (const write of writes) {
      const { key, value, expiresAtMs } = write;
      const versions = this.#keys.get(key);
      if (isCounter(key)) requireNext(key, versions?.at(-1)?.value, value);
      this.expiry.commit(entry, write, versions?.at(-1), this.generation, nowMs);
      if (versions === undefined) this.#keys.set(key, [{ seq, value, expiresAtMs }]);
      else versions.push({ seq, value, expiresAtMs });
    }
  }

  /** No request is executed twice (R16). */
  #execute(request: string, seq: number): void {
    const earlier = this.#executed.get(request);
    require(earlier === undefined, () => `request ${request} is executed as ${earlier}, and again as ${seq}`);
    this.#executed.set(request, seq);
  }

  /** The entry was committed in an earlier generation, and is not part of this one. */
  noteLost(entry: LogEntry): void {
    if (!this.hasForgotten && !this.ever.has(entry.seq)) this.ever.set(entry.seq, entry);
  }

  isCommitted(seq: number): boolean {
    return seq <= this.lastCommitted;
  }

  /** The generation of a replica that knows this epoch. */
  generationOf(epoch: number): number {
    return this.#firstEpochs.findLastIndex((first) => first <= epoch);
  }

  /**
   * ZooKeeper went back, and no replica may know how far the seq floor was raised. Later writes may use versions
   * again (R13).
   */
  forgetVersions(): void {
    this.hasForgotten = true;
    this.ever.clear();
    this.#maxEver = 0;
  }

  /** A new generation begins with the data of one replica. */
  beginWith(items: ReadonlyMap<string, StoredItem>, seq: number, epoch: number): void {
    this.generation += 1;
    // After several losses of ZooKeeper's data no replica may know the highest floor. Versions are unique, and may go
    // back.
    this.#maxEver = Math.min(this.#maxEver, seq);
    this.#firstEpochs.push(epoch);
    this.goOnWith(items, seq);
  }

  /** The same generation, whose data is known only now: the log starts again above a raised seq floor. */
  goOnWith(items: ReadonlyMap<string, StoredItem>, seq: number): void {
    this.order = [];
    this.lastCommitted = seq;
    this.lastVisible = 0;
    this.#baseSeq = seq;
    this.#keys.clear();
    this.#executed.clear();
    this.#recognised.clear();
    this.expiry.begin();
    for (const [key, { value, version, expiresAtMs }] of items) this.#keys.set(key, [{ seq: version, value, expiresAtMs }]);
  }

  /** The store must hold exactly what the log up to `seq` makes of it. */
  checkStore(store: Store, seq: number, who: string): void {
    require(seq <= this.lastCommitted, () => `${who} has applied ${seq}, committed is ${this.lastCommitted}`);
    if (seq < this.#baseSeq) return;
    let count = 0;
    for (const [key, versions] of this.#keys) {
      const expected = versionAt(versions, seq);
      const item = store.items.get(key);
      const version = expected?.value === undefined ? 0 : expected.seq;
      require((item?.version ?? 0) === version, () =>
        `${key} at ${who}, applied to ${seq}, has version ${item?.version}, not ${version}`);
      if (item === undefined) continue;
      count += 1;
      require(sameBytes(item.value, expected?.value), () => `${key} at ${who} has another value than version ${version}`);
      require(item.expiresAtMs === expected?.expiresAtMs, () =>
        `${key} at ${who} is due at ${item.expiresAtMs}, and version ${version} at ${expected?.expiresAtMs}`);
    }
    require(count === store.items.size, () => `${who} holds a key that was never written`);
    this.#checkRequests(store, seq, who);
  }

  /** Replicas that have applied the same entries recognise the same requests (R16). */
  #checkRequests({ requests }: Store, seq: number, who: string): void {
    const all = requests
      .export(Infinity)
      .map(({ client, number, seq, answer }) => `${client} ${number} at ${seq}${textOfAnswer(answer)}`);
    const recognised = `${all.sort().join(', ')}; floor ${requests.floor}`;
    const known = this.#recognised.get(seq) ?? recognised;
    require(known === recognised, () => `${who}, applied to ${seq}, recognises ${recognised}, another ${known}`);
    this.#recognised.set(seq, known);
  }
}

/** The same text for equal answers, in whatever order they have their fields. */
export function textOfAnswer(answer: Answer | RecordedAnswer | undefined): string {
  if (answer === undefined) return '';
  return JSON.stringify(answer, (_, value) => (isFields(value) ? Object.fromEntries(Object.entries(value).sort()) : value));
}

function isFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A key that only increments by 1 write: in the order of the log it counts without a gap, so no increment is lost or doubled. */
export function counterBeside(key: string): string {
  return `${key}${counterSuffix}`;
}

const counterSuffix = '~count';

function isCounter(key: string): boolean {
  return key.endsWith(counterSuffix);
}

function requireNext(key: string, before: Uint8Array | undefined, after: Uint8Array | undefined): void {
  const [was, is] = [before, after].map((value) => (value === undefined ? 0 : Number(new TextDecoder().decode(value))));
  require(is === was! + 1, () => `the counter ${key} goes from ${was} to ${is}`);
}

function versionAt(versions: readonly KeyVersion[], seq: number): KeyVersion | undefined {
  for (let index = versions.length - 1; index >= 0; index -= 1) if (versions[index]!.seq <= seq) return versions[index];
  return undefined;
}

export function isSame(one: LogEntry, other: LogEntry): boolean {
  if (one === other) return true;
  if (one.epoch !== other.epoch || one.writes.length !== other.writes.length) return false;
  if (one.request?.client !== other.request?.client || one.request?.number !== other.request?.number) return false;
  return one.writes.every(({ key, value, expiresAtMs }, index) => {
    const write = other.writes[index]!;
    return write.key === key && sameBytes(write.value, value) && write.expiresAtMs === expiresAtMs;
  });
}
