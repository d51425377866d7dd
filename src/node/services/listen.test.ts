import type { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { listen, shutDown } from './listen.js';

test('a connection that cannot be accepted does not end the process', async () => {
  const { server } = await listen('127.0.0.1', 0);
  const { http2Servers } = server as unknown as { readonly http2Servers: ReadonlyMap<EventEmitter, unknown> };
  expect(http2Servers.size).toBe(1);
  const error = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE', syscall: 'accept' });
  // Without a listener of its own, `emit` throws, and no code would catch that in the event loop.
  for (const http2Server of http2Servers.keys()) expect(http2Server.emit('error', error)).toBe(true);
  await shutDown(server, 1_000);
});
