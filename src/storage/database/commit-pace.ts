/**
 * Lets some time pass between the beginnings of two commits, unless somebody waits for the next one. What is applied meanwhile shares
 * a commit: the keys that are written again and again are written once, and the flush that ends a commit is paid for less often.
 */
export class CommitPace {
  readonly #pauseMs: number;
  #earliestMs = 0;
  #isHurried = false;
  #begin: (() => void) | undefined;

  constructor(pauseMs: number) {
    this.#pauseMs = pauseMs;
  }

  /** Resolves when the next commit may begin. */
  async wait(): Promise<void> {
    const waitMs = this.#earliestMs - performance.now();
    if (waitMs > 0 && !this.#isHurried) await this.#passed(waitMs);
    this.#isHurried = false;
    this.#earliestMs = performance.now() + this.#pauseMs;
  }

  /** The next commit begins at once. */
  hurry(): void {
    this.#isHurried = true;
    this.#begin?.();
  }

  async #passed(waitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#begin = resolve;
      timer = setTimeout(resolve, waitMs);
    });
    clearTimeout(timer);
    this.#begin = undefined;
  }
}
