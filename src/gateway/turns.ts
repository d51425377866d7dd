/**
 * The requests of one connection, one after the other (RFC 9112, 9.3.2): a client that sends a PUT and a GET behind it without
 * waiting reads what it has put. What waits its turn is nothing yet: it is not counted, and holds only its headers.
 */
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { KvError } from '../errors.js';

/** Sent ahead on one connection; beyond them there would be no bound while the first is waited for. */
const maxWaiting = 100;

interface Line {
  last: Promise<unknown>;
  waiting: number;
}

/** To be called before any hook that looks at requests. */
export function takeTurns(app: FastifyInstance): void {
  const lines = new WeakMap<Socket, Line>();
  app.addHook('onRequest', async ({ raw: { socket } }, reply) => {
    const answered = new Promise<void>((resolve) => reply.raw.once('close', () => resolve()));
    const line = lines.get(socket);
    if (line === undefined) return void lines.set(socket, { last: answered, waiting: 0 });
    if (line.waiting >= maxWaiting) throw new KvError('OVERLOADED', `${maxWaiting} requests wait on this connection already`);
    const { last } = line;
    line.last = answered;
    line.waiting++;
    await last;
    line.waiting--;
    if (socket.destroyed) throw new KvError('CANCELLED', 'the client has gone', { executed: 'no' });
  });
}
