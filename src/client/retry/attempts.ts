/**
 * One attempt after the other, for what its first did not settle or could not be sent straight to a primary: a turn among
 * those of its shard, a node that can be reached, a place among those in flight, the attempt; and the next one where the
 * retry rule allows it, until the deadline. Between attempts an operation keeps no place from others.
 *
 * It promises what the errors say (G4): `executed: 'no'` only if every attempt was definitely refused or never sent. A
 * write is never sent again after an attempt with an unknown outcome.
 */
import { KvError } from '../../errors.js';
import { type Limits, monotonicNowMs, remainingMs } from '../limits.js';
import type { AddressBook } from '../routing/address-book.js';
import type { Preference, RoutingTable } from '../routing/routing-table.js';
import type { Strangers } from '../routing/strangers.js';
import type { Connections } from '../transport/connections.js';
import type { NodeConnection } from '../transport/node-connection.js';
import type { NodeTransport } from '../transport/node-transport.js';
import type { PipelineTransport } from '../transport/pipeline-transport.js';
import type { InFlightLimit } from './in-flight-limit.js';
import type { RetryLimiter, RetryPermit } from './retry-limiter.js';
import { backoffMs, blamesTheNode, type Effect, gaveUp, mayRetry } from './retry-rule.js';
import type { WakeUp } from './wake-up.js';

/** No retry is begun with less time than this: it would hardly be answered, and turn a definite refusal into a doubt. */
const shortestRetryMs = 5;

export interface Operation<Response> {
  readonly effect: Effect;
  /** Whose primary is to have it; `anyShard` if any node will do. */
  readonly shard: number;
  /** Of the request, about. */
  readonly bytes: number;
  /** One attempt. `pipeline`: a faster way, where the node is taken for the primary; other nodes forward only what comes singly. */
  send(transport: NodeTransport, limits: Limits, pipeline: PipelineTransport | undefined): Promise<Response>;
}

export interface AttemptParts {
  readonly table: RoutingTable;
  readonly connections: Connections;
  readonly addressBook: AddressBook;
  readonly strangers: Strangers;
  readonly inFlight: InFlightLimit;
  readonly retryLimiter: RetryLimiter;
  /** Whether data operations travel on streams where they can. */
  readonly pipelined: boolean;
  /** Woken when the topology changes or a node becomes reachable: refused operations try again at once. */
  readonly wakeUp: WakeUp;
}

export interface Failure {
  readonly error: KvError;
  /** The node that was asked; undefined if none could be reached. */
  readonly address: string | undefined;
  /** Whom the topology had for the primary then. */
  readonly primaryThen: string | undefined;
}

export class Attempts {
  readonly #parts: AttemptParts;
  #closed = false;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  /** `failed`: the first attempt, if it has been made. */
  async run<Response>(operation: Operation<Response>, limits: Limits, failed?: Failure): Promise<Response> {
    if (failed !== undefined) this.#throwIfFinal(operation.effect, failed.error, limits);
    const permit = await this.#takePermit(operation.shard, limits, failed);
    let served = false;
    try {
      const response = await this.#run(operation, limits, failed);
      served = true;
      return response;
    } catch (error) {
      served = error instanceof KvError && error.code === 'VERSION_MISMATCH';
      throw error;
    } finally {
      permit.end(served);
    }
  }

  /** Between attempts all of them end; those under way are ended by their connections. */
  close(): void {
    this.#closed = true;
    this.#parts.retryLimiter.refuseAll(closedError());
    this.#parts.wakeUp.wakeAll();
  }

  isOver(limits: Limits): boolean {
    return this.#closed || limits.signal?.aborted === true || remainingMs(limits) <= 0;
  }

  async #run<Response>(operation: Operation<Response>, limits: Limits, failed: Failure | undefined): Promise<Response> {
    const { shard, effect } = operation;
    let last = failed;
    let waits = 0;
    for (let attempts = failed === undefined ? 0 : 1; ; attempts += 1) {
      if (last !== undefined && !isNews(last, attempts)) {
        waits += 1;
        await this.#backOff(shard, waits, limits);
      }
      this.#throwIfOver(limits, last, attempts);
      const connection = await this.#reach(shard, last, limits);
      if (connection === undefined) await this.#throwIfAllAreStrangers(shard, limits);
      // Even a node that was ready at once is awaited: meanwhile the caller may have closed the client or given up, and
      // the connection may have been let go. Nothing has been sent yet, so all of it is certain.
      this.#throwIfOver(limits, last, attempts);
      const primaryThen = this.#parts.table.reportedPrimaryOf(shard);
      // What was learned waiting for one primary says nothing of its successor, which may serve in a few milliseconds.
      if (last !== undefined && last.primaryThen !== primaryThen) waits = 0;
      const outcome = await this.#try(operation, connection, limits, last, attempts);
      if ('response' in outcome) return outcome.response;
      last = { error: outcome.error, address: outcome.address, primaryThen };
      if (outcome.address !== undefined) this.#throwIfFinal(effect, outcome.error, limits);
    }
  }

  async #try<Response>(
    operation: Operation<Response>,
    connection: NodeConnection | undefined,
    limits: Limits,
    last: Failure | undefined,
    attempts: number,
  ): Promise<{ readonly response: Response } | { readonly error: KvError; readonly address: string | undefined }> {
    const { inFlight, table, pipelined, addressBook } = this.#parts;
    const { shard, bytes } = operation;
    const unreached = () => {
      void addressBook.refresh();
      return { error: this.#unreachable(shard), address: undefined };
    };
    if (connection === undefined) return unreached();
    if (!inFlight.tryEnter(bytes)) await this.#waitForPlace(bytes, limits, last, attempts);
    try {
      this.#throwIfOver(limits, last, attempts);
      const { address, transport } = connection;
      if (transport === undefined) return unreached();
      const pipeline = pipelined && address === table.primaryOf(shard) ? connection.pipeline : undefined;
      try {
        return { response: await operation.send(transport, limits, pipeline) };
      } catch (thrown) {
        const error = toKvError(thrown);
        if (blamesTheNode(error)) table.learn(shard, address, error.primaryAddress);
        return { error, address };
      }
    } finally {
      inFlight.leave(bytes);
    }
  }

  /** The first node, best first, that is connected or becomes so. */
  async #reach(shard: number, last: Failure | undefined, limits: Limits): Promise<NodeConnection | undefined> {
    const { table, connections, addressBook } = this.#parts;
    const primary = table.primaryOf(shard);
    if (last === undefined && primary !== undefined) {
      const connection = connections.to(primary);
      if (connection.isReady) return connection;
    }
    const candidates = table.candidates(shard, addressBook.addresses, {
      ...lessonsOf(last, table.reportedPrimaryOf(shard)),
      isSuspect: (address) => connections.isSuspect(address),
    });
    const samePrimary = () => table.primaryOf(shard) === primary;
    for (const address of candidates) {
      const connection = connections.to(address);
      if (connection.isReady || (await connection.whenReady(limits, samePrimary))) return connection;
      // A new primary is known: it goes first. Bounded by the deadline and by the changes of primary.
      if (!this.isOver(limits) && !samePrimary()) return this.#reach(shard, last, limits);
      if (this.isOver(limits)) return undefined;
    }
    return undefined;
  }

  async #takePermit(shard: number, limits: Limits, failed: Failure | undefined): Promise<RetryPermit> {
    try {
      return await this.#parts.retryLimiter.take(shard, limits);
    } catch (error) {
      throw failed === undefined ? error : this.#endedWaiting(toKvError(error), limits, failed, 1);
    }
  }

  async #waitForPlace(bytes: number, limits: Limits, last: Failure | undefined, attempts: number): Promise<void> {
    try {
      await new Promise<void>((admitted, refused) => this.#parts.inFlight.enter(bytes, limits, { admitted, refused }));
    } catch (error) {
      throw last === undefined ? error : this.#endedWaiting(toKvError(error), limits, last, attempts);
    }
  }

  /** Whoever has been refused before hears of that at the deadline, and nothing is surer than it was then. */
  #endedWaiting(error: KvError, limits: Limits, last: Failure, attempts: number): KvError {
    if (error.code === 'DEADLINE_EXCEEDED') return gaveUp(last.error, attempts, monotonicNowMs() - limits.startedAtMs);
    return new KvError(error.code, error.message, { executed: last.error.executed, cause: last.error });
  }

  async #backOff(shard: number, waits: number, limits: Limits): Promise<void> {
    if (this.#closed) return;
    const delayMs = Math.min(backoffMs(waits, Math.random()), remainingMs(limits));
    await this.#parts.wakeUp.sleep(delayMs, limits.signal, shard);
  }

  /** Between attempts: nothing is under way, so a write was definitely not executed. */
  #throwIfOver(limits: Limits, last: Failure | undefined, attempts: number): void {
    const executed = last?.error.executed ?? 'no';
    if (this.#closed) throw closedError();
    if (limits.signal?.aborted) throw new KvError('CANCELLED', 'given up before an attempt succeeded', { executed });
    if (remainingMs(limits) > (last === undefined ? 0 : shortestRetryMs)) return;
    if (last !== undefined) throw gaveUp(last.error, attempts, monotonicNowMs() - limits.startedAtMs);
    const message = 'the deadline passed before any node could be reached';
    throw new KvError('DEADLINE_EXCEEDED', message, { executed: 'no', cause: this.#parts.addressBook.lastError });
  }

  #throwIfFinal(effect: Effect, error: KvError, limits: Limits): void {
    // A read changes nothing: to its caller the client is closed, and that is all.
    if (effect === 'read' && this.#closed) throw closedError();
    if (effect === 'read' && limits.signal?.aborted) throw error;
    // It says something of one address: others may lead to nodes of the right cluster.
    if (error.code === 'WRONG_CLUSTER' && error.executed === 'no') return;
    if (!mayRetry(effect, error)) throw error;
  }

  /** Where every address belongs to another cluster now, waiting is of no use; but the addresses may be out of date. */
  async #throwIfAllAreStrangers(shard: number, limits: Limits): Promise<void> {
    const { strangers, addressBook, wakeUp } = this.#parts;
    const areAllStrangers = () => strangers.areAll(this.#addressesFor(shard));
    if (!areAllStrangers()) return;
    const refreshed = new AbortController();
    const signal = limits.signal === undefined ? refreshed.signal : AbortSignal.any([limits.signal, refreshed.signal]);
    void addressBook.refresh().then(() => refreshed.abort());
    await wakeUp.sleep(remainingMs(limits), signal, shard);
    const error = areAllStrangers() ? strangers.errorAt(this.#addressesFor(shard)) : undefined;
    if (error !== undefined) throw error;
  }

  #addressesFor(shard: number): string[] {
    const { table, addressBook } = this.#parts;
    return table.candidates(shard, addressBook.addresses, { isSuspect: () => false });
  }

  #unreachable(shard: number): KvError {
    const { strangers, addressBook } = this.#parts;
    const addresses = this.#addressesFor(shard);
    const wrong = strangers.errorAt(addresses);
    if (wrong !== undefined) return wrong;
    const message = addresses.length === 0 ? 'no node is known' : `no node could be reached: ${addresses.join(', ')}`;
    return new KvError('UNREACHABLE', message, { cause: addressBook.lastError });
  }
}

/** What the last attempt says about the next; nothing, if a new primary has become known since. */
function lessonsOf(last: Failure | undefined, primary: string | undefined): Omit<Preference, 'isSuspect'> {
  if (last === undefined || last.primaryThen !== primary) return {};
  const hint = last.error.primaryAddress;
  return blamesTheNode(last.error) ? { hint, avoid: [last.address] } : { hint, stay: last.address };
}

/** A first refusal that names another node as primary is followed without a pause; later ones might go in circles. */
function isNews(failure: Failure, attempts: number): boolean {
  const hint = failure.error.primaryAddress;
  return attempts === 1 && hint !== undefined && hint !== failure.address;
}

function toKvError(error: unknown): KvError {
  return error instanceof KvError ? error : new KvError('INTERNAL', 'a fault of the client library', { cause: error });
}

export function closedError(): KvError {
  return new KvError('CLOSED', 'the client is closed');
}
