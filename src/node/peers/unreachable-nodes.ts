/**
 * Logs, once each, the nodes that are registered in ZooKeeper and yet cannot be reached from here, and once more when that is
 * over. It observes the links that exist (peer-links.ts) and opens none.
 *
 * A node that dies stays registered until its session ends. So a node is logged only after it has been registered for longer than
 * a session lasts, with its link down all the time, and with this node's own session connected all the time.
 */
import type { Logger } from 'pino';
import type { NodeRegistration } from '../../coordination/index.js';

/** Gets what happens to the links of a node, by address. */
export interface LinkObserver {
  wentUp(address: string): void;
  /** Called again after every further attempt that fails. */
  wentDown(address: string, reason: string): void;
  /** No shard needs the link any more. */
  closed(address: string): void;
}

export interface UnreachableNodesOptions {
  readonly nodeId: string;
  /** How long a node must have been registered and out of reach before it is logged; longer than a session. */
  readonly patienceMs: number;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
  /** Milliseconds of a clock that only goes forward. */
  readonly nowMs?: () => number;
}

interface Down {
  readonly sinceMs: number;
  readonly reason: string;
  /** The id of the node that was logged as unreachable at this address. */
  readonly named: string | undefined;
}

interface Registered {
  readonly nodeId: string;
  readonly sinceMs: number;
}

const unreachableText =
  'a node that is registered cannot be reached from here at the address that it advertises: this node sends it no copies of ' +
  'data and forwards no requests to it. Check --advertise of that node, its process, and the network between the two';
const reachedText = 'a node that could not be reached from here is reached again';
const goneText = 'a node that could not be reached from here is no longer registered at that address';
const unneededText = 'a node that could not be reached from here shares no shard with this node any more';

export class UnreachableNodes implements LinkObserver {
  readonly #options: UnreachableNodesOptions;
  readonly #nowMs: () => number;
  /** By address. */
  readonly #down = new Map<string, Down>();
  /** By address. */
  #registered = new Map<string, Registered>();
  #connectedMs: number | undefined;

  constructor(options: UnreachableNodesOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#connectedMs = this.#nowMs();
  }

  wentUp(address: string): void {
    this.#over(address, reachedText);
    this.#down.delete(address);
  }

  wentDown(address: string, reason: string): void {
    const { sinceMs, named } = this.#down.get(address) ?? { sinceMs: this.#nowMs(), named: undefined };
    this.#down.set(address, { sinceMs, named, reason });
  }

  closed(address: string): void {
    this.#over(address, unneededText);
    this.#down.delete(address);
  }

  onNodes(nodes: readonly NodeRegistration[]): void {
    const before = this.#registered;
    const others = nodes.filter(({ nodeId }) => nodeId !== this.#options.nodeId);
    this.#registered = new Map(
      others.map(({ nodeId, address }) => {
        const known = before.get(address);
        return [address, known?.nodeId === nodeId ? known : { nodeId, sinceMs: this.#nowMs() }];
      }),
    );
    for (const [address, down] of this.#down) {
      if (down.named === undefined || this.#registered.get(address)?.nodeId === down.named) continue;
      this.#over(address, goneText);
      this.#down.set(address, { ...down, named: undefined });
    }
  }

  /** This node's own session: while it is suspended, this node does not learn which nodes are registered. */
  onSession(connected: boolean): void {
    this.#connectedMs = connected ? this.#nowMs() : undefined;
  }

  /** Logs what has become true by now. Call it about once a second. */
  judge(): void {
    const nowMs = this.#nowMs();
    for (const [address, down] of this.#down) {
      const registered = this.#registered.get(address);
      if (down.named !== undefined || registered === undefined || this.#connectedMs === undefined) continue;
      if (nowMs - Math.max(down.sinceMs, registered.sinceMs, this.#connectedMs) < this.#options.patienceMs) continue;
      const { nodeId: peer } = registered;
      this.#down.set(address, { ...down, named: peer });
      const forMs = Math.round(nowMs - down.sinceMs);
      this.#options.logger.warn({ peer, address, forMs, reason: down.reason }, unreachableText);
    }
  }

  #over(address: string, text: string): void {
    const down = this.#down.get(address);
    if (down?.named === undefined) return;
    this.#options.logger.info({ peer: down.named, address, afterMs: Math.round(this.#nowMs() - down.sinceMs) }, text);
  }
}
