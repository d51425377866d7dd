/**
 * The calls of the disk that are under way while a node starts. A call may never end if the disk hangs, and a normal exit of the
 * process would wait for it. So a start that is given up has to know whether there is one.
 */
export class DiskCalls {
  readonly #others: (() => boolean)[] = [];
  #count = 0;

  get areUnderWay(): boolean {
    return this.#count > 0 || this.#others.some((areUnderWay) => areUnderWay());
  }

  /** The calls of this work count until it is over. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    this.#count += 1;
    try {
      return await work;
    } finally {
      this.#count -= 1;
    }
  }

  /** Calls that are counted elsewhere, such as those of a thread. */
  include(areUnderWay: () => boolean): void {
    this.#others.push(areUnderWay);
  }
}
