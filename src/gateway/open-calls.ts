/**
 * Calls until their answers have left, or nobody is there for them. A client may send many requests before it reads an answer;
 * when it goes, the answers that wait their turn on its connection are not told of that by themselves.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Call {
  /** Idempotent. */
  end(): void;
}

export class OpenCalls {
  readonly #ofConnections = new WeakMap<Socket, Set<Call>>();

  endWith(answer: ServerResponse, connection: Socket, call: Call): void {
    if (connection.destroyed) return call.end();
    const calls = this.#ofConnections.get(connection) ?? this.#begin(connection);
    calls.add(call);
    answer.once('close', () => {
      calls.delete(call);
      call.end();
    });
  }

  #begin(connection: Socket): Set<Call> {
    const calls = new Set<Call>();
    this.#ofConnections.set(connection, calls);
    connection.once('close', () => {
      for (const call of calls) call.end();
    });
    return calls;
  }
}
