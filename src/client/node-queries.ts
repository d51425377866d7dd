/** Requests that concern no key: to any node, or to one that only can answer. */
import { setTimeout as pause } from 'node:timers/promises';
import { KvError } from '../errors.js';
import { type Limits, remainingMs } from './call-limits.js';
import { closedError } from './retry/client-operation.js';
import type { OperationRunner } from './retry/operation-runner.js';
import { backoffMs } from './retry/retry-rule.js';
import type { WakeUp } from './retry/wake-up.js';
import { anyShard, type RoutingTable } from './routing/routing-table.js';
import type { Strangers } from './routing/strangers.js';
import type { Connections } from './transport/connections.js';
import type { NodeTransport } from './transport/node-transport.js';

/** A node that has not answered a request about itself for this long is stalled or cut off. */
const silentMs = 500;
/** How often a query to one node is sent if its connection breaks each time. */
const maxQueryAttempts = 6;

export type SendToNode<Response> = (transport: NodeTransport, limits: Limits) => Promise<Response>;

export interface NodeQueriesParts {
  readonly table: RoutingTable;
  readonly connections: Connections;
  readonly strangers: Strangers;
  readonly wakeUp: WakeUp;
  readonly runner: OperationRunner;
  isClosed(): boolean;
}

export class NodeQueries {
  readonly #parts: NodeQueriesParts;

  constructor(parts: NodeQueriesParts) {
    this.#parts = parts;
  }

  /**
   * Sends a request that any node can answer. While no answer comes, the request goes to one more node every `silentMs`, and
   * the first answer counts.
   */
  async runAnywhere<Response>(send: SendToNode<Response>, { signal, ...limits }: Limits): Promise<Response> {
    const answered = new AbortController();
    const within = { ...limits, signal: signal === undefined ? answered.signal : AbortSignal.any([signal, answered.signal]) };
    const first = this.#parts.runner.run({ access: 'read', shard: anyShard, bytes: 0, send }, within);
    const others = (this.#parts.table.topology?.nodes ?? []).map(async ({ address }, index) => {
      await pause((index + 1) * silentMs, undefined, { signal: within.signal });
      return this.ask(address, send, within);
    });
    try {
      // The first attempt continues until the deadline, so its failure is the failure of all.
      return await Promise.race([first, Promise.any(others).catch(() => first)]);
    } finally {
      answered.abort();
    }
  }

  /**
   * Sends a request that only this node can answer. A query is sent again if its connection breaks: over frames each has one of its
   * own, and a node that has no file descriptor left resets new ones.
   */
  async ask<Response>(
    address: string,
    send: SendToNode<Response>,
    limits: Limits,
    access: 'read' | 'write' = 'read',
  ): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#askOnce(address, send, limits);
      } catch (error) {
        const isBroken = error instanceof KvError && error.code === 'OUTCOME_UNKNOWN' && !this.#parts.isClosed();
        if (access === 'write' || !isBroken || attempt === maxQueryAttempts) throw error;
      }
      await this.#parts.wakeUp.sleep(Math.min(backoffMs(attempt, Math.random()), remainingMs(limits)), limits.signal);
    }
  }

  async #askOnce<Response>(address: string, send: SendToNode<Response>, limits: Limits): Promise<Response> {
    if (this.#parts.isClosed()) throw closedError();
    const connection = this.#parts.connections.to(address);
    const ready = connection.isReady || (await connection.whenTried(limits));
    if (this.#parts.isClosed()) throw closedError();
    if (limits.signal?.aborted) throw new KvError('CANCELLED', 'given up before it was sent', { executed: 'no' });
    const { transport } = connection;
    const wrong = this.#parts.strangers.errorAt([address]);
    if (wrong !== undefined) throw wrong;
    if (!ready || transport === undefined) throw new KvError('UNREACHABLE', `${address} could not be reached`);
    return send(transport, limits);
  }
}
