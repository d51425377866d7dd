/**
 * Calls until their answers have left, or nobody is there for them. A client may send many requests before it reads an answer;
 * when it goes, the answers that wait their turn on its connection are not told of that by themselves. One that takes its answer
 * in small bites is cut off at last: it would hold what it does not take.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Call {
  /** Idempotent. */
  end(): void;
}

/** Each with what cuts it off. */
type Calls = Map<Call, NodeJS.Timeout>;

export class OpenCalls {
  readonly #patienceMs: number;
  readonly #ofConnections = new WeakMap<Socket, Calls>();

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  endWith(answer: ServerResponse, connection: Socket, call: Call): void {
    if (connection.destroyed) return call.end();
    const calls = this.#ofConnections.get(connection) ?? this.#begin(connection);
    const late = setTimeout(() => connection.destroy(), this.#patienceMs);
    calls.set(call, late);
    answer.once('close', () => {
      clearTimeout(late);
      calls.delete(call);
      call.end();
    });
  }

  #begin(connection: Socket): Calls {
    const calls: Calls = new Map();
    this.#ofConnections.set(connection, calls);
    connection.once('close', () => {
      for (const [call, late] of calls) {
        clearTimeout(late);
        call.end();
      }
    });
    return calls;
  }
}
