/**
 * A client that behaves as real ones do, with one operation at a time and unique values. It repeats an operation that
 * was definitely refused, now and then at another node. It repeats one that may have been executed if that is a read,
 * or a write that is recognised (R16): most clients send their writes with an identity.
 */

import { type Answer, keysOf, type NewestWrite, type RequestIdentity } from '../../src/replication/index.js';
import type { Call, Outcome, Operation as RecordedOperation } from '../../verification/index.js';
import type { RequestKind } from '../plan/decision.js';
import { hasExpiry, nextChangeOf, nextTtlMs } from '../plan/expiry-plan.js';
import { nextSync } from '../plan/power-plan.js';
import { Random } from '../plan/random.js';
import type { Plan } from '../plan/setup.js';
import type { EventQueue } from '../virtual/event-queue.js';
import type { Paths } from '../virtual/paths.js';
import { ClientCalls } from './client-calls.js';
import { outcomeOfAnswer, outcomeOfRead, transactionOf } from './core-calls.js';
import { bytesOfText } from './core-operations.js';
import type { SimProcess } from './sim-process.js';

type Position = Pick<RequestIdentity, 'history' | 'seq'>;
type Reply = Outcome | Retry;
/** Definitely not executed by this attempt, and worth another try. */
interface Retry {
  readonly kind: 'retry';
  readonly code: string;
  readonly hint?: number | undefined;
  readonly position?: Position | undefined;
}

export interface HistoryItem {
  readonly shard: number;
  readonly operation: RecordedOperation;
  /** The generation of the shard's history in which it was answered (R13). */
  readonly answeredIn: number;
  /**
   * An earlier attempt of it may have been executed. Where ZooKeeper has lost data, that may have been in another generation, by a
   * primary that did not know of the one in which it was answered (R7).
   */
  readonly mayBeElsewhere: boolean;
}

/** The run of one shard, as clients see it. */
interface ShardOfClients {
  readonly shard: number;
  readonly keys: readonly string[];
  readonly queue: EventQueue;
  readonly paths: Paths;
  readonly nodes: readonly { readonly process: SimProcess | undefined; readonly silent: boolean }[];
  readonly safety: { readonly generation: number; onLateRead(process: SimProcess): void };
}

/** The run of all shards, as clients see it. */
interface ClientSurroundings {
  readonly plan: Plan;
  readonly queue: EventQueue;
  readonly machines: readonly unknown[];
  readonly worlds: readonly ShardOfClients[];
  readonly history: HistoryItem[];
  worldOf(key: string): ShardOfClients;
  uniqueValue(): string;
}

interface Doing {
  /** Of the key's shard. */
  readonly world: ShardOfClients;
  readonly key: string;
  readonly call: Call;
  /** Of the puts in the call (R17). */
  readonly ttlMs: number | undefined;
  /** It is answered once it is flushed. */
  readonly sync: boolean;
  readonly invokedAtMs: number;
  /** An attempt is under way, or was lost. */
  open: boolean;
  attempt: number;
  /** An attempt may have been executed. No later refusal changes that (G4). */
  mayBeExecuted: boolean;
  /** Undefined: the write must not be sent again once it may have been executed. */
  request: Omit<RequestIdentity, 'isFirstAttempt'> | undefined;
}

const deadlineMs = 1500;
/** After this time the client sends a write with an identity again. The attempt may still arrive. */
const attemptTimeoutMs = 350;
const connectTimeoutMs = 300;
const maxBackoffMs = 250;
/** Clients' machines, among those of the nodes. */
const firstMachine = 32;

export class SimClient {
  readonly name: string;
  /** Writes that a process has taken and not answered. */
  readonly waiting = new Set<{ readonly process: SimProcess }>();
  readonly #site: ClientSurroundings;
  readonly #machine: number;
  readonly #random: Random;
  readonly #sendsIdentity: boolean;
  /** Undefined: no key of this schedule expires. */
  readonly #expiry: Random | undefined;
  readonly #syncs: Random;
  readonly #calls: ClientCalls;
  /** By shard: a position that the client knows (R16). */
  readonly #positions: Position[];
  #lastNumber = 0;
  #doing: Doing | undefined;
  /** The node that it asks, by shard. */
  readonly #nodes: number[];

  constructor(site: ClientSurroundings, number: number) {
    this.#site = site;
    this.#nodes = site.worlds.map(() => 0);
    this.#positions = site.worlds.map(() => ({ history: '', seq: 0 }));
    this.#sendsIdentity = number % 3 !== 0;
    this.name = `c${number}`;
    this.#machine = firstMachine + number;
    const { seed } = site.plan;
    this.#random = Random.of(seed, 5000 + number);
    this.#expiry = hasExpiry(seed) ? Random.of(seed, 7000 + number) : undefined;
    this.#syncs = Random.of(seed, 9000 + number);
    this.#calls = new ClientCalls(Random.of(seed, 8000 + number), () => site.uniqueValue());
  }

  get isIdle(): boolean {
    return this.#doing === undefined;
  }

  /** The next attempts for this shard start at this node. */
  turnTo(shard: number, node: number): void {
    this.#nodes[shard] = node;
  }

  /** Nothing happens if an operation is under way. */
  start(key: string, op: RequestKind): void {
    if (this.#doing !== undefined) return;
    const { queue } = this.#site;
    const world = this.#site.worldOf(key);
    const { safety } = world;
    const call = this.#calls.choose(
      op,
      key,
      world.keys.filter((other) => other !== key),
    );
    const doing: Doing = {
      world,
      key,
      call,
      ttlMs:
        (call.kind === 'put' || call.kind === 'transact') && this.#expiry !== undefined ? nextTtlMs(this.#expiry) : undefined,
      sync: call.kind !== 'get' && nextSync(this.#syncs, this.#site.plan.setup),
      invokedAtMs: queue.nowMs,
      open: false,
      attempt: 0,
      mayBeExecuted: false,
      request: call.kind !== 'get' && this.#sendsIdentity ? this.#identify(world.shard) : undefined,
    };
    this.#doing = doing;
    queue.after(deadlineMs, () => {
      if (this.#doing !== doing) return;
      this.#finish(
        doing,
        doing.open || doing.mayBeExecuted ? { kind: 'unknown', code: 'DEADLINE' } : { kind: 'refused', code: 'DEADLINE' },
        safety.generation,
      );
    });
    this.#attempt(doing);
  }

  #identify(shard: number): Omit<RequestIdentity, 'isFirstAttempt'> {
    const number = ++this.#lastNumber;
    // A client with several operations at a time would name a lower one.
    const lowest = Math.max(1, number - (this.#random.chance(0.3) ? 2 : 0));
    return { client: this.name, number, lowest, ...this.#positions[shard]! };
  }

  #attempt(doing: Doing): void {
    const { queue, paths, nodes, shard } = doing.world;
    const attempt = ++doing.attempt;
    const node = this.#nodes[shard]!;
    doing.open = true;
    const reply = (given: Reply, generation: number): void => {
      queue.after(
        paths.delayMs(node, this.#machine),
        () => this.#doing === doing && doing.attempt === attempt && this.#replied(doing, given, generation),
      );
    };
    const unreachable = (): void => reply({ kind: 'retry', code: 'UNREACHABLE' }, 0);
    const request = doing.request && { ...doing.request, isFirstAttempt: !doing.mayBeExecuted };
    if (request !== undefined)
      queue.after(attemptTimeoutMs, () => {
        if (this.#doing === doing && doing.attempt === attempt && doing.open)
          this.#replied(doing, { kind: 'unknown', code: 'TIMEOUT' }, 0);
      });
    queue.after(paths.delayMs(this.#machine, node), () => {
      const { process, silent } = nodes[node]!;
      if (process === undefined) return silent ? queue.after(connectTimeoutMs, unreachable) : unreachable();
      const served = { over: false };
      process.whenGone(() => served.over || reply({ kind: 'unknown', code: 'CONNECTION_LOST' }, 0));
      process.run(() => {
        this.#serve(process, doing, request, (given) => {
          served.over = true;
          reply(given, process.disk.generation);
        });
      });
    });
  }

  /** At the node. */
  #serve(process: SimProcess, doing: Doing, request: RequestIdentity | undefined, reply: (given: Reply) => void): void {
    const { key, call, ttlMs } = doing;
    const refuse = (code: string, position?: Position): void => reply({ kind: 'retry', code, hint: hintOf(process), position });
    const change = this.#expiry && nextChangeOf(key, this.#expiry);
    const touched = change && { compares: [], operations: [change], otherwise: [] };
    if (touched !== undefined) process.whenRows([key], () => process.transact(touched, {}, () => {}));
    if (call.kind === 'get') return this.#read(process, key, refuse, reply);
    const isFull = process.behind?.isFull === true && (request === undefined || !process.replica.recognises(request));
    if (isFull) return refuse('STORAGE_UNAVAILABLE');
    const transaction = transactionOf(key, call, ttlMs);
    // Nothing depends on what an unconditional put replaces.
    const needed = call.kind === 'put' && call.ifVersion === undefined ? [] : [key];
    const keys = transaction === undefined ? needed : keysOf(transaction);
    process.whenRows(keys, () => this.#execute(process, doing, request, refuse, reply));
  }

  /** At the node, which knows what is stored. */
  #execute(
    process: SimProcess,
    { key, call, ttlMs, sync }: Doing,
    request: RequestIdentity | undefined,
    refuse: (code: string, position?: Position) => void,
    reply: (given: Reply) => void,
  ): void {
    if (call.kind === 'get') return;
    const ticket = { process };
    this.waiting.add(ticket);
    const answered = (answer: Answer): void => {
      process.world.countAnswer(this.waiting.delete(ticket));
      const outcome = outcomeOfAnswer(call, answer);
      if (outcome === undefined) return refuse(...refusalOf(answer));
      process.world.safety.onExecuted(process, { key, call, outcome }, ttlMs);
      if (sync) process.world.safety.onSynced(process, { key, call, outcome });
      reply(outcome);
    };
    const transaction = transactionOf(key, call, ttlMs);
    if (transaction !== undefined) return process.transact(transaction, { request, sync }, answered);
    const value = call.kind === 'put' ? bytesOfText(call.value) : undefined;
    const ifVersion = 'ifVersion' in call ? call.ifVersion : undefined;
    process.write({ key, value, ttlMs, ifVersion, request, sync }, answered);
  }

  #read(process: SimProcess, key: string, refuse: (code: string) => void, reply: (given: Reply) => void): void {
    const { safety } = process.world;
    const readStored = (refusal: string | undefined): void => {
      if (refusal !== undefined) return refuse(refusal);
      process.whenRows([key], (isLate) => {
        // The lease may have ended while the row was on its way (R9).
        const lateRefusal = isLate ? process.replica.refusalOfRead(process.nowMs) : undefined;
        if (lateRefusal !== undefined) return refuse(lateRefusal);
        if (isLate) safety.onLateRead(process);
        showStored();
      });
    };
    const showStored = (): void => {
      const { expiresAtMs = Number.POSITIVE_INFINITY } = process.store.itemOf(key);
      if (expiresAtMs <= process.replica.timeMs(process.nowMs)) return readInOrder();
      reply(outcomeOfRead(process.store.items.get(key)));
    };
    const readInOrder = (): void => {
      const ticket = { process };
      this.waiting.add(ticket);
      process.readInOrder(key, (answer) => {
        process.world.countAnswer(this.waiting.delete(ticket));
        if (answer.kind === 'readable' && answer.newest !== undefined) return reply(outcomeOfRead(itemOf(answer.newest)));
        readStored(answer.kind === 'refused' ? answer.refusal : undefined);
      });
    };
    const waits = process.replica.uncommittedVersion(key) !== undefined && this.#random.chance(0.5);
    if (waits) readInOrder();
    else readStored(process.replica.refusalOfRead(process.nowMs));
  }

  #replied(doing: Doing, reply: Reply, generation: number): void {
    const isRepeatable = doing.call.kind === 'get' || doing.request !== undefined;
    if (reply.kind !== 'retry' && (reply.kind !== 'unknown' || !isRepeatable)) return this.#finish(doing, reply, generation);
    doing.mayBeExecuted ||= reply.kind === 'unknown';
    doing.open = false;
    const isTooOld = reply.kind === 'retry' && reply.code === 'REQUEST_TOO_OLD';
    if (isTooOld && doing.mayBeExecuted) return this.#finish(doing, { kind: 'unknown', code: reply.code }, generation);
    if (reply.kind === 'retry' && reply.position !== undefined && doing.request !== undefined) {
      this.#positions[doing.world.shard] = reply.position;
      if (isTooOld) doing.request = { ...doing.request, ...reply.position };
    }
    const elsewhere =
      reply.kind === 'unknown' || reply.code === 'UNREACHABLE' || reply.code === 'NOT_PRIMARY' || this.#random.chance(0.1);
    const hint = reply.kind === 'retry' ? reply.hint : undefined;
    if (elsewhere)
      this.#nodes[doing.world.shard] =
        hint !== undefined && this.#random.chance(0.8) ? hint : this.#random.below(this.#site.machines.length);
    const backoffMs = Math.min(maxBackoffMs, 10 * 2 ** Math.min(doing.attempt, 8)) * (0.5 + 0.5 * this.#random.next());
    this.#site.queue.after(backoffMs, () => this.#doing === doing && this.#attempt(doing));
  }

  #finish({ world, key, call, invokedAtMs, mayBeExecuted: mayBeElsewhere }: Doing, outcome: Outcome, answeredIn: number): void {
    this.#doing = undefined;
    const [invokedAtUs, returnedAtUs] = [invokedAtMs * 1000, this.#site.queue.nowMs * 1000];
    const operation = { client: this.name, key, call, invokedAtUs, returnedAtUs, outcome };
    this.#calls.note(operation);
    this.#site.history.push({ shard: world.shard, operation, answeredIn, mayBeElsewhere });
  }
}

function refusalOf(answer: Answer): [code: string, position?: Position] {
  return answer.kind === 'refused' ? [answer.refusal, answer.position] : [answer.kind];
}

/** Where the node believes the primary to be. */
function hintOf(process: SimProcess): number | undefined {
  const primary = process.replica.status(process.nowMs).state?.primary;
  return primary === undefined ? undefined : process.world.nodeIndexOf(primary);
}

/** What the entry leaves under its key. */
function itemOf({ value, seq }: NewestWrite): { readonly value: Uint8Array; readonly version: number } | undefined {
  return value === undefined ? undefined : { value, version: seq };
}
