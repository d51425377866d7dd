/** Counts the bytes that wait for the database of a node, and lets those wait who would add to them while they exceed a bound. */
export class OverlayBudget {
  readonly #maxBytes: number;
  #bytes = 0;
  #room: Promise<void> | undefined;
  #hasRoom: (() => void) | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Resolves once the bytes are within the bound again. Undefined: they are. */
  get backlog(): Promise<void> | undefined {
    if (this.#bytes <= this.#maxBytes) return undefined;
    this.#room ??= new Promise((resolve) => {
      this.#hasRoom = resolve;
    });
    return this.#room;
  }

  /** @param bytes negative: they do not wait any more. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes > this.#maxBytes) return;
    this.#hasRoom?.();
    this.#hasRoom = undefined;
    this.#room = undefined;
  }
}
