/**
 * The protocol has broken a promise, or the cluster did not come to serve again. Schedules and scripts search for
 * violations.
 */
class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

export function require(condition: boolean, message: () => string): void {
  if (!condition) throw new Violation(message());
}
