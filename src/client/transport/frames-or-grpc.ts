/**
 * Whether the link to a node is one of frames or of gRPC. With `auto` it is one of frames, unless the topology says that the node
 * serves gRPC only, or a process there has just not accepted frames, as a proxy that passes only HTTP/2.
 */
import { monotonicNowMs } from '../call-limits.js';
import type { TransportChoice } from './link.js';

/** After a process did not accept frames, gRPC is used for this long. */
const grpcAfterFailureMs = 30_000;

export class FramesOrGrpc {
  readonly #choice: TransportChoice;
  readonly #mayServeFrames: () => boolean;
  readonly #tryFrames: () => void;
  #grpcUntilMs = Number.NEGATIVE_INFINITY;
  #framesAgain: NodeJS.Timeout | undefined;

  /** @param tryFrames called when frames may be tried beside gRPC */
  constructor(choice: TransportChoice, mayServeFrames: () => boolean, tryFrames: () => void) {
    this.#choice = choice;
    this.#mayServeFrames = mayServeFrames;
    this.#tryFrames = tryFrames;
  }

  get wantsFrames(): boolean {
    if (this.#choice !== 'auto') return this.#choice === 'tcp';
    return this.#mayServeFrames() && monotonicNowMs() >= this.#grpcUntilMs;
  }

  /** A process answered and did not accept frames. @returns whether gRPC is used now; false: only frames may be. */
  refused(): boolean {
    if (this.#choice !== 'auto') return false;
    this.#grpcUntilMs = monotonicNowMs() + grpcAfterFailureMs;
    clearTimeout(this.#framesAgain);
    this.#framesAgain = setTimeout(() => this.#tryFrames(), grpcAfterFailureMs).unref();
    return true;
  }

  /** The node accepts frames. */
  accepted(): void {
    this.#grpcUntilMs = Number.NEGATIVE_INFINITY;
  }

  close(): void {
    clearTimeout(this.#framesAgain);
  }
}
