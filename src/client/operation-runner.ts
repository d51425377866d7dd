/**
 * Carries one operation to its end: a place among those in flight, a node that can be reached, an attempt, and another
 * one where the retry rule allows it, until the deadline.
 *
 * It promises what the errors say (G4): `executed: 'no'` only if every attempt was definitely refused or never sent. A
 * write is never sent again after an attempt with an unknown outcome.
 */
import { KvError } from '../errors.js';
import { type DataRequest, sizeOf } from '../rpc/pipeline-operations.js';
import type { DataResult } from '../rpc/pipeline-results.js';
import type { AddressBook } from './address-book.js';
import type { Connections } from './connections.js';
import type { InFlightLimit } from './in-flight-limit.js';
import { type Limits, monotonicNowMs, remainingMs } from './limits.js';
import type { NodeConnection } from './node-connection.js';
import type { NodeTransport } from './node-transport.js';
import type { PipelineTransport } from './pipeline-transport.js';
import { backoffMs, blamesTheNode, type Effect, gaveUp, mayRetry } from './retry-rule.js';
import type { Preference, RoutingTable } from './routing-table.js';
import type { WakeUp } from './wake-up.js';

/** No retry is begun with less time than this: it would hardly be answered, and turn a definite refusal into a doubt. */
const shortestRetryMs = 5;

export interface Operation<Response> {
  readonly effect: Effect;
  /** Of the request, about. */
  readonly bytes: number;
  /** One attempt. `pipeline`: a faster way, where the node is taken for the primary; other nodes forward only what comes singly. */
  send(transport: NodeTransport, limits: Limits, pipeline: PipelineTransport | undefined): Promise<Response>;
}

export interface RunnerParts {
  readonly table: RoutingTable;
  readonly connections: Connections;
  readonly addressBook: AddressBook;
  readonly inFlight: InFlightLimit;
  /** Whether data operations travel on streams where they can. */
  readonly pipelined: boolean;
  /** Woken when the topology changes or a node becomes reachable: refused operations try again at once. */
  readonly wakeUp: WakeUp;
}

/** A get, put or delete with who waits for it. Once it has its place, it gives it back at its end. */
interface DataCall {
  readonly request: DataRequest;
  readonly bytes: number;
  readonly limits: Limits;
  resolve(result: DataResult): void;
  reject(error: unknown): void;
}

interface Failure {
  readonly error: KvError;
  /** The node that was asked; undefined if none could be reached. */
  readonly address: string | undefined;
  /** Whom the client took for the primary then. */
  readonly primaryThen: string | undefined;
}

export class OperationRunner {
  readonly #parts: RunnerParts;
  #closed = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  async run<Response>(operation: Operation<Response>, limits: Limits): Promise<Response> {
    const { inFlight } = this.#parts;
    if (this.#closed) throw closedError();
    if (!inFlight.tryEnter(operation.bytes))
      await new Promise<void>((admitted, refused) => inFlight.enter(operation.bytes, limits, { admitted, refused }));
    try {
      return await this.#attempts(operation, limits);
    } finally {
      inFlight.leave(operation.bytes);
    }
  }

  /** A get, put or delete. Those that wait for their place cost little more than others: just then there are many. */
  execute<Result>(request: DataRequest, limits: Limits, toResult: (result: DataResult) => Result): Promise<Result> {
    if (this.#closed) return Promise.reject(closedError());
    const { inFlight } = this.#parts;
    const bytes = sizeOf(request);
    return new Promise((resolve, reject) => {
      const call: DataCall = { request, bytes, limits, resolve: (result) => resolve(toResult(result)), reject };
      if (inFlight.tryEnter(bytes)) this.#begin(call);
      else inFlight.enter(bytes, limits, { admitted: () => this.#begin(call), refused: reject });
    });
  }

  /** Nearly all end with their first attempt, which for that reason goes straight to the stream of the primary, if there is one. */
  #begin(call: DataCall): void {
    const { table, connections, inFlight, pipelined } = this.#parts;
    const { request, bytes, limits } = call;
    const address = pipelined ? table.primaryAddress : undefined;
    const pipeline = address === undefined || this.#isOver(limits) ? undefined : connections.to(address).pipeline;
    if (address === undefined || pipeline === undefined)
      return this.#endWith(call, this.#attempts(dataOperation(request, bytes), limits));
    pipeline.send(request, limits, {
      answered: (result) => {
        inFlight.leave(bytes);
        call.resolve(result);
      },
      failed: (error) => {
        const failure = { error, address, primaryThen: address };
        this.#endWith(call, this.#goOn(dataOperation(request, bytes), limits, failure));
      },
    });
  }

  #endWith({ bytes, resolve, reject }: DataCall, attempts: Promise<DataResult>): void {
    attempts.finally(() => this.#parts.inFlight.leave(bytes)).then(resolve, reject);
  }

  /** What waits is refused at once; what is under way is ended by its connection. */
  close(): void {
    this.#closed = true;
    this.#parts.inFlight.refuseAll(closedError());
    this.#parts.wakeUp.wakeAll();
  }

  async #attempts<Response>(operation: Operation<Response>, limits: Limits, failed?: Failure): Promise<Response> {
    let last = failed;
    let waits = failed === undefined ? 0 : 1;
    for (let attempt = failed === undefined ? 1 : 2; ; attempt += 1) {
      this.#throwIfOver(limits, last, attempt - 1);
      const connection = await this.#reach(last, limits);
      // Even a node that was ready at once is awaited: meanwhile the caller may have closed the client or given up, and
      // the connection may have been let go. Nothing has been sent yet, so all of it is certain.
      this.#throwIfOver(limits, last, attempt - 1);
      const primaryThen = this.#parts.table.primaryAddress;
      const transport = connection?.transport;
      // What was learned waiting for one primary says nothing of its successor, which may serve in a few milliseconds.
      if (last !== undefined && last.primaryThen !== primaryThen) waits = 0;
      if (connection === undefined || transport === undefined) {
        last = { error: this.#unreachable(), address: undefined, primaryThen };
        void this.#parts.addressBook.refresh();
      } else {
        const pipelined = this.#parts.pipelined && connection.address === primaryThen;
        try {
          return await operation.send(transport, limits, pipelined ? connection.pipeline : undefined);
        } catch (error) {
          last = { error: toKvError(error), address: connection.address, primaryThen };
        }
        this.#throwIfFinal(operation.effect, last.error, limits);
      }
      if (isNews(last, attempt)) continue;
      waits += 1;
      await this.#backOff(waits, limits);
    }
  }

  /** After a first attempt that was made without this. */
  async #goOn<Response>(operation: Operation<Response>, limits: Limits, failure: Failure): Promise<Response> {
    this.#throwIfFinal(operation.effect, failure.error, limits);
    if (!isNews(failure, 1)) await this.#backOff(1, limits);
    return this.#attempts(operation, limits, failure);
  }

  /** The first node, best first, that is connected or becomes so. */
  async #reach(last: Failure | undefined, limits: Limits): Promise<NodeConnection | undefined> {
    const { table, connections, addressBook } = this.#parts;
    const primary = table.primaryAddress;
    if (last === undefined && primary !== undefined) {
      const connection = connections.to(primary);
      if (connection.isReady) return connection;
    }
    const candidates = table.candidates(addressBook.addresses, {
      ...lessonsOf(last, primary),
      isSuspect: (address) => connections.isSuspect(address),
    });
    const samePrimary = () => table.primaryAddress === primary;
    for (const address of candidates) {
      const connection = connections.to(address);
      if (connection.isReady || (await connection.whenReady(limits, samePrimary))) return connection;
      // A new primary is known: it goes first. Bounded by the deadline and by the changes of primary.
      if (!this.#isOver(limits) && !samePrimary()) return this.#reach(last, limits);
      if (this.#isOver(limits)) return undefined;
    }
    return undefined;
  }

  async #backOff(attempt: number, limits: Limits): Promise<void> {
    if (this.#closed) return;
    const delayMs = Math.min(backoffMs(attempt, Math.random()), remainingMs(limits));
    await this.#parts.wakeUp.sleep(delayMs, limits.signal);
  }

  #isOver(limits: Limits): boolean {
    return this.#closed || limits.signal?.aborted === true || remainingMs(limits) <= 0;
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
    if (!mayRetry(effect, error)) throw error;
  }

  #unreachable(): KvError {
    const { table, addressBook } = this.#parts;
    const addresses = table.candidates(addressBook.addresses, { isSuspect: () => false });
    const message = addresses.length === 0 ? 'no node is known' : `no node could be reached: ${addresses.join(', ')}`;
    return new KvError('UNREACHABLE', message, { cause: addressBook.lastError });
  }
}

function dataOperation(request: DataRequest, bytes: number): Operation<DataResult> {
  return {
    effect: request.kind === 'get' ? 'read' : 'write',
    bytes,
    send: (transport, limits, pipeline) => (pipeline ?? transport).execute(request, limits),
  };
}

/** What the last attempt says about the next; nothing, if a new primary has become known since. */
function lessonsOf(last: Failure | undefined, primary: string | undefined): Omit<Preference, 'isSuspect'> {
  if (last === undefined || last.primaryThen !== primary) return {};
  const hint = last.error.primaryAddress;
  return blamesTheNode(last.error) ? { hint, avoid: last.address } : { hint, stay: last.address };
}

/** A first refusal that names another node as primary is followed without a pause; later ones might go in circles. */
function isNews(failure: Failure, attempt: number): boolean {
  const hint = failure.error.primaryAddress;
  return attempt === 1 && hint !== undefined && hint !== failure.address;
}

function toKvError(error: unknown): KvError {
  return error instanceof KvError ? error : new KvError('INTERNAL', 'a fault of the client library', { cause: error });
}

export function closedError(): KvError {
  return new KvError('CLOSED', 'the client is closed');
}
