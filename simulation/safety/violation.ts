/** A promise of the protocol was broken, or the cluster did not come back: what a schedule is run to find. */
class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

export function require(condition: boolean, message: () => string): void {
  if (!condition) throw new Violation(message());
}
