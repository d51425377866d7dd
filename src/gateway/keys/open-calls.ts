/**
 * Tracks calls until their answers have left or their client has gone. A client may send many requests before it reads an answer.
 * When it disconnects, the answers that wait on its connection get no event of their own, so this class ends them. It also cuts
 * off a client that reads its answer too slowly, because the answer is held in memory until then.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

interface Call {
  /** Idempotent. */
  end(): void;
}

/** Each call with the timer that cuts it off. */
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
