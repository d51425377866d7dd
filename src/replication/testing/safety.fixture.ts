/**
 * What must hold at every instant, whatever the faults. Each violation throws, naming what contradicts what.
 *
 * The history that counts is built from what replicas apply: the first to apply a seq decides what was committed there.
 */

import type { Ensemble } from '../../../simulation/virtual/ensemble.js';
import type { EpochId, HistoryId, ReplicaId, Seq } from '../protocol/ids.js';
import { continues } from '../protocol/lineage.js';
import type { LogEntry } from '../protocol/log-entry.js';
import type { Call, VirtualNode } from './virtual-node.fixture.js';

type Model = ReadonlyMap<string, { readonly value: Uint8Array; readonly version: Seq }>;

function require(condition: boolean, message: () => string): void {
  if (!condition) throw new Error(`unsafe: ${message()}`);
}

export class Safety {
  readonly committed = new Map<Seq, LogEntry>();
  lastCommitted: Seq = 0;
  /** The history in which something was committed last. */
  history: HistoryId | undefined;
  /** What the store holds after each committed seq. */
  readonly #models = new Map<Seq, Model>([[0, new Map()]]);
  #lastModel: Model = new Map();
  readonly #primaries = new Map<EpochId, ReplicaId>();
  #lastAcknowledged: Seq = 0;
  /** What is committed, in order; and how many of these each image has been compared with, in which of its lives. */
  #order: LogEntry[] = [];
  readonly #verified = new Map<ReplicaId, { readonly cuts: number; readonly count: number }>();

  onPrimary(epoch: EpochId, replica: ReplicaId): void {
    const other = this.#primaries.get(epoch);
    require(other === undefined || other === replica, () => `${other} and ${replica} are primaries of epoch ${epoch}`);
    this.#primaries.set(epoch, replica);
  }

  onApplied(node: VirtualNode, entries: readonly LogEntry[]): void {
    this.history = node.replica.status(0).line?.history;
    for (const entry of entries) {
      const known = this.committed.get(entry.seq);
      if (known === undefined) this.#commit(entry);
      else {
        const same = known.epoch === entry.epoch && known.key === entry.key && sameBytes(known.value, entry.value);
        require(same, () => `${node.replicaId} applies another entry ${entry.seq} than was committed there`);
      }
    }
  }

  #commit(entry: LogEntry): void {
    require(entry.seq > this.lastCommitted, () => `entry ${entry.seq} is committed after ${this.lastCommitted}`);
    const model = new Map(this.#lastModel);
    if (entry.value === undefined) model.delete(entry.key);
    else model.set(entry.key, { value: entry.value, version: entry.seq });
    this.committed.set(entry.seq, entry);
    this.#order.push(entry);
    this.#models.set(entry.seq, model);
    this.#lastModel = model;
    this.lastCommitted = entry.seq;
  }

  onWritten(call: Call, version: Seq): void {
    const entry = this.committed.get(version);
    const value = entry?.value === undefined ? undefined : new TextDecoder().decode(entry.value);
    require(entry?.key === call.key && value === call.value, () =>
      `write of ${call.key} acknowledged as ${version}, not committed`);
    this.#lastAcknowledged = Math.max(this.#lastAcknowledged, version);
  }

  /** Whoever serves a read has applied everything that was acknowledged before it. */
  onRead(node: VirtualNode): void {
    const { appliedSeq } = node.replica.status(0);
    require(appliedSeq >= this.#lastAcknowledged, () =>
      `${node.replicaId} reads at ${appliedSeq}, acknowledged is ${this.#lastAcknowledged}`);
  }

  /** A copy that may be deleted is none that anybody counts on (R15). */
  onReleased({ replicaId }: VirtualNode, { znode }: Ensemble): void {
    require(znode?.state.inSync.includes(replicaId) !== true, () => `${replicaId} is released, and is in sync`);
  }

  /** The operator accepts the loss of what was committed beyond `seq` (R13). */
  giveUpAfter(seq: Seq): void {
    for (const later of [...this.committed.keys()]) if (later > seq) this.committed.delete(later);
    this.#order = this.#order.filter((entry) => entry.seq <= seq);
    this.#lastModel = this.#models.get(seq) ?? new Map();
    this.lastCommitted = seq;
    this.#lastAcknowledged = Math.min(this.#lastAcknowledged, seq);
    this.#verified.clear();
  }

  /** The operator lets another history go on, with what one replica holds of it (R13). */
  goOnWith(items: Model, appliedSeq: Seq): void {
    this.committed.clear();
    this.#order = [];
    this.#lastModel = new Map(items);
    this.#models.set(appliedSeq, this.#lastModel);
    this.lastCommitted = appliedSeq;
    this.#lastAcknowledged = Math.min(this.#lastAcknowledged, appliedSeq);
    this.#verified.clear();
  }

  /** The history has been ended, or only a half-written dump is left of it: the next one begins empty (R13). */
  beginEmpty(baseSeq: Seq): void {
    this.committed.clear();
    this.#order = [];
    this.#lastModel = new Map();
    // Copies of the old history may stand at the same seq.
    this.#models.delete(baseSeq);
    this.lastCommitted = Math.max(this.lastCommitted, baseSeq);
    this.#verified.clear();
  }

  /** The log starts again above a raised seq floor, on the same store (R13). */
  goOnFrom(baseSeq: Seq): void {
    this.#models.set(baseSeq, this.#lastModel);
    this.lastCommitted = baseSeq;
  }

  check(nodes: readonly VirtualNode[], register: Ensemble, nowMs: number): void {
    const readers = nodes.filter((node) => node.alive && node.replica.refusalOfRead(nowMs) === undefined);
    requireOneOfEachLine(readers, nowMs);
    for (const reader of readers) this.onRead(reader);
    for (const node of nodes) {
      if (!register.isOlder && register.znode?.state.inSync.includes(node.replicaId)) this.#checkHolds(node);
      if (node.alive) this.#checkStore(node);
    }
  }

  /** A member of the in-sync set holds, durably, every committed entry. */
  #checkHolds(node: VirtualNode): void {
    const { disk, replicaId } = node;
    // The operator may name one that is incomplete: then the history has been given up, and begins empty.
    require(disk.complete || this.#order.length === 0, () => `${replicaId} is in sync with a half-written dump`);
    const done = this.#verified.get(replicaId);
    for (let index = done?.cuts === disk.cuts ? done.count : 0; index < this.#order.length; index++) {
      const { seq, epoch } = this.#order[index]!;
      const held = seq <= disk.baseSeq || disk.entryAt(seq)?.epoch === epoch;
      require(held, () => `${replicaId} is in sync without the committed entry ${seq} of epoch ${epoch}`);
    }
    this.#verified.set(replicaId, { cuts: disk.cuts, count: this.#order.length });
  }

  #checkStore(node: VirtualNode): void {
    const { appliedSeq, complete } = node.replica.status(0);
    const model = this.#models.get(appliedSeq);
    if (!complete || model === undefined) return;
    const items = node.store.items;
    const same = items.size === model.size && [...model].every(([key, item]) => items.get(key)?.version === item.version);
    require(same, () => `the store of ${node.replicaId} is not what the log up to ${appliedSeq} makes it`);
  }
}

/** Where ZooKeeper has lost data two histories may be served, until their primaries learn of that. */
function requireOneOfEachLine(readers: readonly VirtualNode[], nowMs: number): void {
  for (const one of readers) {
    for (const other of readers) {
      const [line, otherLine] = [one, other].map((node) => node.replica.status(nowMs).line);
      if (one === other || line === undefined || otherLine === undefined) continue;
      require(!continues(line, otherLine), () => `${one.replicaId} and ${other.replicaId} serve reads at one instant`);
    }
  }
}

function sameBytes(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
