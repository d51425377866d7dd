/**
 * Ends a ZooKeeper session over a connection of its own, without the native client.
 *
 * The native client blocks the thread until the server has answered the end of a session, for up to 4.5 s. So its
 * connection is dropped instead (native-session.ts). This file resumes the session with its id and password, and
 * closes it. These are two requests of ZooKeeper's protocol, whose form has been the same since ZooKeeper 3.4.
 *
 * It implements nothing else of the protocol. A session that could not be ended expires by itself.
 */
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SessionCredentials } from './native-session.js';
import type { LiteralAddress } from './server-addresses.js';

/** Limits the whole attempt. The C client would wait for the answer of one server for the same time. */
const endSessionMs = 1_500;

const lengthBytes = 4;
const closeSession = -11;
/** ZooKeeper numbers the requests of a connection. This connection has only one, so any number will do. */
const requestId = 1;

/**
 * Never rejects.
 * @param servers tried one after the other, for `endSessionMs` together.
 * @returns whether a server confirmed that the session is over.
 */
export async function endSession(servers: readonly LiteralAddress[], session: SessionCredentials): Promise<boolean> {
  // No socket may be opened in the turn in which the native client closed one: see native-session.ts.
  await nextTurn();
  const limit = AbortSignal.timeout(endSessionMs);
  for (const server of servers) {
    if (await endAt(server, session, limit)) return true;
    if (limit.aborted) break;
  }
  return false;
}

function endAt(server: LiteralAddress, session: SessionCredentials, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...server, signal });
    let received = Buffer.alloc(0);
    let isResumed = false;
    const finish = (isOver: boolean): void => {
      resolve(isOver);
      socket.destroy();
    };
    socket.on('connect', () => socket.write(connectRequest(session)));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      for (let answer = takeFrame(); answer !== undefined; answer = takeFrame()) {
        // The first answer confirms that the session is resumed, the second that it is closed.
        if (isResumed || isExpired(answer)) return finish(true);
        isResumed = true;
        socket.write(closeRequest());
      }
    });
    // Node.js emits 'close' after 'error', and the handler of 'close' settles the attempt.
    socket.on('error', () => {});
    socket.on('close', () => finish(false));

    function takeFrame(): Buffer | undefined {
      if (received.length < lengthBytes) return undefined;
      const end = lengthBytes + received.readInt32BE(0);
      if (received.length < end) return undefined;
      const frame = received.subarray(lengthBytes, end);
      received = received.subarray(end);
      return frame;
    }
  });
}

function connectRequest({ sessionId, password, sessionMs }: SessionCredentials): Buffer {
  const secret = Buffer.from(password, 'hex');
  const body = Buffer.alloc(4 + 8 + 4 + 8 + 4 + secret.length + 1);
  // Protocol version 0. The last transaction seen is 0 as well, so a server that lags accepts the request, too.
  let at = body.writeInt32BE(0, 0);
  at = body.writeBigInt64BE(0n, at);
  at = body.writeInt32BE(sessionMs, at);
  at = body.writeBigUInt64BE(BigInt(`0x${sessionId}`), at);
  at = body.writeInt32BE(secret.length, at);
  at += secret.copy(body, at);
  // 0: this client does not accept a read-only server.
  body.writeUInt8(0, at);
  return framed(body);
}

/**
 * The answer to a connect request begins with the protocol version and the session timeout, which is 0 if it has
 * expired.
 */
function isExpired(connectResponse: Buffer): boolean {
  return connectResponse.readInt32BE(4) <= 0;
}

function closeRequest(): Buffer {
  const header = Buffer.alloc(8);
  header.writeInt32BE(closeSession, header.writeInt32BE(requestId, 0));
  return framed(header);
}

function framed(body: Buffer): Buffer {
  const length = Buffer.alloc(lengthBytes);
  length.writeInt32BE(body.length);
  return Buffer.concat([length, body]);
}
