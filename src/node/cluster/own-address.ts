/**
 * Tries this node's own advertised address, and logs once when it does not lead back to this process, and once when it does
 * again.
 *
 * A node registers whatever `--advertise` says. If that is wrong, the node looks well from inside, while nobody can use it.
 * Only a warning follows: where a NAT does not loop back, others may reach an address that the node itself cannot.
 */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type Probe, type ProbeResult, probeAddress } from './probe-address.js';

export interface OwnAddressOptions {
  readonly address: string;
  readonly logger: Pick<Logger, 'warn' | 'info' | 'debug'>;
  /** Asks whatever answers there; by default over gRPC. */
  readonly probe?: (address: string, token: string, timeoutMs: number) => Probe;
}

/** Long enough for a connection whose first packet is lost. */
const answerTimeoutMs = 3_000;
/** After a failure; doubled each time. */
const firstRetryMs = 1_000;
/** Between two looks, once the address works and at the latest after a failure: an address may also fail later. */
const lookAgainMs = 60_000;
/** One failure alone says little: a name may be published a moment after the node that it names. */
const failuresBeforeWarning = 2;

const unreachableText =
  'this node cannot be reached at the address that it advertises, as far as it can tell itself; other nodes and clients use ' +
  'that address: unless they can connect, this node gets no copies of data and no requests. Check --advertise, the name ' +
  'service, port mappings and firewalls; if only this machine cannot connect (a NAT that does not loop back), nothing is amiss';
const strangerText =
  'another process answers at the address that this node advertises: other nodes and clients speak to that process, and this ' +
  'node gets no copies of data and no requests. Give every node an --advertise address of its own';
const reachedText = 'this node is reached at the address that it advertises again';

export class OwnAddress {
  readonly #options: OwnAddressOptions;
  /** Of the probe that is under way: received here, the probe has come back to this process. */
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

  /** From when the node is registered and answers. Tries at once, then for as long as the node runs. */
  start(): void {
    this.#timer = setTimeout(() => void this.#look(), 0).unref();
  }

  /** A probe was received by this process, be it its own or that of another one. */
  received(token: string): void {
    if (token === this.#token) this.#cameBack = true;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#probe?.cancel();
  }

  async #look(): Promise<void> {
    const { address, probe = probeAddress } = this.#options;
    const token = randomUUID();
    this.#token = token;
    this.#cameBack = false;
    this.#probe = probe(address, token, answerTimeoutMs);
    const result = await this.#probe.result;
    if (this.#closed) return;
    if (result.kind === 'answered' && this.#cameBack) this.#reached();
    else this.#failed(result);
    const retryMs = Math.min(lookAgainMs, firstRetryMs * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => void this.#look(), this.#failures === 0 ? lookAgainMs : retryMs).unref();
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
