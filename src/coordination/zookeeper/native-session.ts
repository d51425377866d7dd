/**
 * One native client object. It lives as long as one connection, and can resume the session of an earlier object.
 *
 * Every answer and event is passed on through setImmediate. The C client calls back after it has closed its socket and
 * before libuv has stopped watching that file descriptor. A socket opened in that turn, or in a continuation of it,
 * gets the same descriptor and hangs for ever. The package's own promises are not used for the same reason.
 *
 * An object that has lost its connection is closed at once, in the same turn. Otherwise it keeps watching the closed
 * descriptor. Then libuv aborts the process, or the next connection attempt removes another socket from epoll: the one
 * that has that number by then, for example one of gRPC's, which hangs from then on. A connection is lost in two ways:
 * the server timed out, which an event reports, or a request could not be written, which only the property `state`
 * shows.
 *
 * Nothing in this file may block the event loop. The C client has three calls that block the thread:
 *
 * - It looks up host names with getaddrinfo, at every turn of its loop. This file passes literal addresses only
 *   (server-addresses.ts), for which getaddrinfo sends no query.
 * - Its close() of a connected object waits for the server: up to 3 s until the request is written, up to 1.5 s for
 *   the answer. So the object is made to drop its connection first; then close() has nothing to wait for. The session
 *   ends over a connection of its own (end-session.ts), or expires.
 * - In read-only mode it connects to other servers and waits. This file never sets that mode.
 *
 * The rejected alternative is a child process for the native client. It would keep the event loop free of anything
 * else that the package may do. But its heartbeats would continue while the node is frozen, so a live session would no
 * longer prove a live node. It would also cost about 40 MB and a process start for every node, every kvctl and every
 * service that finds its nodes by ZooKeeper, a hop for every request, and one more process whose death must be
 * handled.
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
  /** The connection is lost, and this object is unusable. The session may still live. */
  onLost(): void;
  /** The session is over, and this object is unusable. */
  onEnded(): void;
  onChanged(path: string): void;
}

/** An answer that settles whether the request was executed. */
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
/** The package returns these codes without sending the request. After any other code the request may be queued. */
const refusalsToSend: readonly number[] = [returnCodes.badArguments, returnCodes.invalidState];

/** The value of the package's `state` while a session is open. */
const connectedState = 3;

/** An address that RFC 5737 reserves for documentation: no server has it, and this file never connects to it. */
const nowhere = '192.0.2.1:1';

/**
 * Reads in a row that complete no message. With the default of 10, one large answer in many pieces could end the
 * session.
 */
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
    // If an address cannot be reached, this may neither connect nor report an error, so the owner limits the time.
    this.#native.init({});
  }

  #forward(event: string, handle: (...values: unknown[]) => void): void {
    this.#native.on(event, (...values: unknown[]) => {
      setImmediate(() => {
        if (!this.#ended) handle(...values);
      });
    });
  }

  /** Native code calls this method: nothing that could open a socket may run in the same turn. */
  #lost(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#native.close();
    setImmediate(() => {
      this.#requests.rejectAll(returnCodes.connectionLoss);
      this.#listener.onLost();
    });
  }

  /** Rejects with a ZnodeError if the answer does not settle the outcome. */
  call<Values extends unknown[]>(operation: string, submit: Submit<Values>): Promise<NativeAnswer<Values>> {
    return this.#requests.track(operation, (resolve, reject) => {
      if (this.#ended) return reject(new ZnodeError(operation, returnCodes.invalidState, 'no'));
      const accepted = submit(this.#native, (returnCode, _message, ...values) => {
        setImmediate(() => {
          if (definiteAnswers.includes(returnCode)) resolve({ returnCode, values });
          else reject(new ZnodeError(operation, returnCode, refusals.includes(returnCode) ? 'no' : 'unknown'));
        });
      });
      if (this.#native.state !== connectedState) this.#lost();
      if (typeof accepted === 'number' && accepted !== returnCodes.ok) {
        reject(new ZnodeError(operation, accepted, refusalsToSend.includes(accepted) ? 'no' : 'unknown'));
      }
    });
  }

  /** Drops the connection at once and sends nothing to the server: the session lives until it is ended or expires. */
  close(): void {
    if (this.#ended) return;
    this.#end(returnCodes.closing);
    // The package closes its connection within this call, since the connected address is no longer among the servers.
    this.#native.set_servers(nowhere);
    this.#native.close();
  }

  #end(returnCode: number): void {
    this.#ended = true;
    this.#requests.rejectAll(returnCode);
  }
}
