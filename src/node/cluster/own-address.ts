/**
 * Probes this node's own advertised address. It logs once when the address does not lead to this process, and once more when it
 * does again.
 *
 * A node registers the address of `--advertise` unchecked. If it is wrong, the node seems to work, while no client and no other
 * node can use it. A wrong address has no other consequence than the warning: behind a NAT that does not loop back, others may
 * reach an address that the node itself cannot reach.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type Probe, type ProbeResult, probeAddress } from './probe-address.js';

export interface OwnAddressOptions {
  readonly address: string;
  readonly logger: Pick<Logger, 'warn' | 'info' | 'debug'>;
  /** Requests the id of the node that answers at an address; by default over gRPC. */
  readonly probe?: (address: string, token: string, timeoutMs: number) => Probe;
}

/** A probe fails after this time, which is long enough for a connection whose first packet is lost. */
const answerTimeoutMs = 3_000;
/** The next probe after a failure comes after this time, doubled with each failure. */
const firstRetryMs = 1_000;
/** The longest time between two probes, and the time after a success: an address that works may fail later. */
const probeAgainMs = 60_000;
/** A single failure is no proof: the name of a host may resolve only a moment after the node there has started. */
const failuresBeforeWarning = 2;

const unreachableText =
  'this node cannot be reached at the address that it advertises, as far as it can find out itself; other nodes and clients use ' +
  'that address: unless they can connect, this node gets no copies of data and no requests. Check --advertise, the name ' +
  'service, port mappings and firewalls; if only this machine cannot connect (a NAT that does not loop back), nothing is amiss';
const strangerText =
  'another process answers at the address that this node advertises: other nodes and clients speak to that process, and this ' +
  'node gets no copies of data and no requests. Give every node an --advertise address of its own';
const reachedText = 'this node is reached at the address that it advertises again';

export class OwnAddress {
  readonly #options: OwnAddressOptions;
  /** The token of the probe under way. If this process receives it, the address leads to this process. */
  #token: string | undefined;
  #cameBack = false;
  #failures = 0;
  #warned = false;
  #probe: Probe | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: OwnAddressOptions) {
    this.#options = options;
  }

  /** Call it when the node is registered and answers. It probes at once, and again and again until `close`. */
  start(): void {
    this.#timer = setTimeout(() => void this.#probeOnce(), 0).unref();
  }

  /** This process has received a probe, its own or that of another process. */
  received(token: string): void {
    if (token === this.#token) this.#cameBack = true;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#probe?.cancel();
  }

  async #probeOnce(): Promise<void> {
    const { address, probe = probeAddress } = this.#options;
    const token = randomUUID();
    this.#token = token;
    this.#cameBack = false;
    this.#probe = probe(address, token, answerTimeoutMs);
    const result = await this.#probe.result;
    if (this.#closed) return;
    if (result.kind === 'answered' && this.#cameBack) this.#reached();
    else this.#failed(result);
    const retryMs = Math.min(probeAgainMs, firstRetryMs * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => void this.#probeOnce(), this.#failures === 0 ? probeAgainMs : retryMs).unref();
  }

  #reached(): void {
    const { address, logger } = this.#options;
    if (this.#warned) logger.info({ address }, reachedText);
    this.#failures = 0;
    this.#warned = false;
  }

  #failed(result: ProbeResult): void {
    const { address, logger } = this.#options;
    this.#failures += 1;
    if (this.#warned || this.#failures < failuresBeforeWarning) return;
    this.#warned = true;
    if (result.kind === 'failed') logger.warn({ address, reason: result.reason }, unreachableText);
    else logger.warn({ address, answeredBy: result.nodeId }, strangerText);
  }
}
