/** What is committed of a copy, and who waits for that. Layers are committed in the order in which they were sealed. */
export class CommitProgress {
  /** The newest committed position, and the newest flushed one. Undefined: the copy has none yet. */
  #committedSeq: number | undefined;
  #flushedSeq: number | undefined;
  /** Something has changed since the last layer was sealed. */
  #isChanged = false;
  /** Numbers of layers, from 1. */
  #sealed = 0;
  #committed = 0;
  #waiting: { readonly layer: number; resolve(): void }[] = [];

  get committedSeq(): number | undefined {
    return this.#committedSeq;
  }
  get flushedSeq(): number | undefined {
    return this.#flushedSeq;
  }
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** The copy is in the database, and was flushed up to there. */
  startAt(seq: number): void {
    this.#committedSeq = seq;
    this.#flushedSeq = seq;
  }

  /** Another copy has begun. */
  reset(): void {
    this.#committedSeq = undefined;
    this.#flushedSeq = undefined;
  }

  changed(): void {
    this.#isChanged = true;
  }

  sealed(): void {
    this.#isChanged = false;
    this.#sealed++;
  }

  /** The oldest sealed layer is committed. @param seq its position, if it is of the present copy and has one */
  wasCommitted(seq: number | undefined): void {
    this.#committed++;
    this.#committedSeq = seq ?? this.#committedSeq;
    const done = this.#waiting.filter(({ layer }) => layer <= this.#committed);
    this.#waiting = this.#waiting.filter(({ layer }) => layer > this.#committed);
    for (const { resolve } of done) resolve();
  }

  /** @returns whether more is flushed than before. */
  flushed(seq: number): boolean {
    if (seq <= (this.#flushedSeq ?? -1)) return false;
    this.#flushedSeq = seq;
    return true;
  }

  /** Resolves once everything that has changed before is committed. */
  async committed(): Promise<void> {
    const layer = this.#isChanged ? this.#sealed + 1 : this.#sealed;
    if (layer > this.#committed)
      await new Promise<void>((resolve) => {
        this.#waiting.push({ layer, resolve });
      });
  }
}
