/** A broken invariant stops the node: going on could spread the damage to its peers. */
class InvariantError extends Error {
  constructor(message: string) {
    super(`broken invariant: ${message}`);
    this.name = 'InvariantError';
  }
}

/** A message with variable parts is passed as a function: building it for every entry would cost more than the check. */
export function invariant(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new InvariantError(typeof message === 'string' ? message : message());
}
