/** Goes round among many, a few at a time: what is looked after from time to time need not be so all at once. */
export class Rounds {
  readonly #perTurn: number;
  #last = Number.NEGATIVE_INFINITY;

  constructor(perTurn: number) {
    this.#perTurn = perTurn;
  }

  /** Those whose turn it is, of all there are: each comes again after all others have. */
  next(all: readonly number[]): readonly number[] {
    const sorted = [...all].sort((one, other) => one - other);
    const first = sorted.findIndex((one) => one > this.#last);
    const from = first === -1 ? 0 : first;
    const turn = [...sorted.slice(from), ...sorted.slice(0, from)].slice(0, this.#perTurn);
    this.#last = turn.at(-1) ?? this.#last;
    return turn;
  }
}
