/**
 * One native client object: it lives as long as one connection, and can take up the session of an earlier one.
 *
 * Every answer and event is handed on through setImmediate. The C client calls back after it has closed its socket and
 * before libuv has stopped watching that file descriptor: a socket opened in that turn, or in a continuation of it, gets
 * the same descriptor and hangs for ever. For the same reason the package's own promises are not used.
 *
 * An object that has lost its connection is closed at once, in the very turn. Left alone it goes on watching the closed
 * descriptor: then libuv aborts the process, or the next attempt takes whatever socket has that number by then, say one of
 * gRPC's, out of epoll, where it hangs. It happens when a server has timed out, which is told by an event, and when a
 * request could not be written, which only the state tells.
 *
 * Nothing here may hold up the event loop. The C client has three calls that block the thread:
 *
 * - It looks host names up with getaddrinfo, at every turn of its loop. It is given literal addresses (server-addresses.ts),
 *   for which getaddrinfo sends no query.
 * - Its close() of a connected object waits for the server: up to 3 s until the request is written, up to 1.5 s for the
 *   answer. Before it is closed, an object is made to drop its connection, and then it has nothing to wait for. The session
 *   is ended over a connection of our own (end-session.ts), or expires.
 * - In read-only mode it connects to other servers and waits. That mode is not used.
 *
 * A child process for the native client was weighed against this. It would keep the event loop free of whatever else the
 * package may do, but its heartbeats would go on while the node is frozen, so that a session would not mean any more that
 * the node lives; it would cost some 40 MB and a start of its own for every node, every kvctl and every service that finds
 * its nodes by ZooKeeper, a hop for every request, and one more death to handle.
 */

import { returnCodes, ZnodeError } from '../znode-client.js';
import { PendingRequests } from './pending-requests.js';
import type { NativeClient, NativeConstructor } from './zookeeper-binding.js';

export interface NativeSessionOptions {
  /** Literal addresses only, in the form of `nativeConnectString`. */
  readonly connect: string;
  readonly sessionMs: number;
}

export interface SessionCredentials {
  /** Hexadecimal. */
  readonly sessionId: string;
  /** Hexadecimal. */
  readonly password: string;
  readonly sessionMs: number;
}

export interface NativeSessionListener {
  onConnect(credentials: SessionCredentials): void;
  /** The connection is lost and the object dead. The session may live. */
  onLost(): void;
  /** The session is over and the object dead. */
  onEnded(): void;
  onChanged(path: string): void;
}

/** An answer that says definitely what happened. */
export interface NativeAnswer<Values extends unknown[]> {
  readonly returnCode: number;
  readonly values: Values;
}

type Submit<Values extends unknown[]> = (
  native: NativeClient,
  answer: (returnCode: number, message: string, ...values: Values) => void,
) => unknown;

const definiteAnswers: readonly number[] = [
  returnCodes.ok,
  returnCodes.noNode,
  returnCodes.badVersion,
  returnCodes.nodeExists,
  returnCodes.notEmpty,
];
const refusals: readonly number[] = [returnCodes.noAuthorization, returnCodes.noChildrenForEphemerals];
/** Returned instead of sending. Other codes may come after the request has been queued. */
const refusalsToSend: readonly number[] = [returnCodes.badArguments, returnCodes.invalidState];

/** What the package's `state` is while a session is open. */
const connectedState = 3;

/** An address that is set aside for documents (RFC 5737): no server has it, and nothing connects to it here. */
const nowhere = '192.0.2.1:1';

/** The default of 10 can end a session whose server sends one large answer in many pieces. */
const emptyReadLimit = 10_000;

export class NativeSession {
  readonly #native: NativeClient;
  readonly #listener: NativeSessionListener;
  readonly #requests: PendingRequests;
  #ended = false;

  constructor(
    Native: NativeConstructor,
    options: NativeSessionOptions,
    resumed: SessionCredentials | undefined,
    listener: NativeSessionListener,
  ) {
    this.#listener = listener;
    this.#requests = new PendingRequests(options.sessionMs);
    this.#native = new Native({
      connect: options.connect,
      timeout: options.sessionMs,
      debug_level: 0,
      host_order_deterministic: false,
      response_counter_limit: emptyReadLimit,
      ...(resumed && { client_id: resumed.sessionId, client_password: resumed.password }),
    });
    this.#forward('connect', () => {
      const { client_id: sessionId, client_password: password } = this.#native;
      listener.onConnect({ sessionId, password, sessionMs: options.sessionMs });
    });
    this.#native.on('connecting', () => this.#lost());
    this.#forward('close', () => {
      this.#end(returnCodes.sessionExpired);
      listener.onEnded();
    });
    for (const event of ['created', 'deleted', 'changed', 'child']) {
      this.#forward(event, (_native, path) => listener.onChanged(String(path)));
    }
    // May do nothing at all and say nothing, for instance when an address cannot be reached: the owner watches the clock.
    this.#native.init({});
  }

  #forward(event: string, handle: (...values: unknown[]) => void): void {
    this.#native.on(event, (...values: unknown[]) => {
      setImmediate(() => {
        if (!this.#ended) handle(...values);
      });
    });
  }

  /** Called from native code: nothing that could open a socket may run in this turn. */
  #lost(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#native.close();
    setImmediate(() => {
      this.#requests.rejectAll(returnCodes.connectionLoss);
      this.#listener.onLost();
    });
  }

  /** Rejects with a ZnodeError where the answer is not definite. */
  call<Values extends unknown[]>(operation: string, submit: Submit<Values>): Promise<NativeAnswer<Values>> {
    return this.#requests.track(operation, (resolve, reject) => {
      if (this.#ended) return reject(new ZnodeError(operation, returnCodes.invalidState, 'no'));
      const taken = submit(this.#native, (returnCode, _message, ...values) => {
        setImmediate(() => {
          if (definiteAnswers.includes(returnCode)) resolve({ returnCode, values });
          else reject(new ZnodeError(operation, returnCode, refusals.includes(returnCode) ? 'no' : 'unknown'));
        });
      });
      if (this.#native.state !== connectedState) this.#lost();
      if (typeof taken === 'number' && taken !== returnCodes.ok) {
        reject(new ZnodeError(operation, taken, refusalsToSend.includes(taken) ? 'no' : 'unknown'));
      }
    });
  }

  /** Drops the connection at once, without a word to the server: the session lives until it is ended or expires. */
  close(): void {
    if (this.#ended) return;
    this.#end(returnCodes.closing);
    // A connection to an address that is none of the servers any more is closed in this very call.
    this.#native.set_servers(nowhere);
    this.#native.close();
  }

  #end(returnCode: number): void {
    this.#ended = true;
    this.#requests.rejectAll(returnCode);
  }
}
