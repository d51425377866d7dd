import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KvError } from '../../errors.js';
import { dialTcp, type FrameStream } from '../../transport/index.js';
import { type FrameHandler, FrameServer } from './frame-server.js';
import { type Listening, listen } from './listen.js';

let frames: FrameServer;
let listening: Listening;
const cut: string[] = [];

const echo: FrameHandler = (accept) => {
  const stream: FrameStream = accept({
    onFrame: (frame) => stream.send(Buffer.from(frame)),
    onDrain() {},
    onEnd: () => stream.end(),
    onClosed() {},
  });
};
const gate = { clusterId: 'ours', judge: () => undefined };

/** Sends one frame over an rpc that ends after it. @returns what happened. */
function call(rpc: string): Promise<(string | KvError | undefined)[]> {
  const events: (string | KvError | undefined)[] = [];
  return new Promise((resolve) => {
    const target = { address: `127.0.0.1:${listening.port}`, rpc, clusterId: undefined, connectTimeoutMs: 60_000 };
    const stream = dialTcp(target, {
      onAccepted: (clusterId) => events.push(`accepted by ${clusterId}`),
      onFrame: (frame) => events.push(String(frame)),
      onDrain() {},
      onEnd() {},
      onClosed: (error) => resolve([...events, error]),
    });
    stream.send(Buffer.from('question'));
    stream.end();
  });
}

beforeEach(async () => {
  cut.length = 0;
  frames = new FrameServer((reason) => cut.push(reason));
  listening = await listen('127.0.0.1', 0, frames.serve, (reason) => cut.push(reason));
});
afterEach(() => listening.shutDown(0));

describe('frame server', () => {
  it('serves an rpc on the port of the node', async () => {
    frames.goLive({ gate, handlers: { 'a/Echo': echo } });
    expect(await call('a/Echo')).toEqual(['accepted by ours', 'question', undefined]);
  });

  it('refuses every rpc until the node is live', async () => {
    expect(await call('a/Echo')).toEqual([expect.objectContaining({ code: 'NO_PRIMARY', executed: 'no' })]);
  });

  it('refuses an rpc that it does not serve, also one with the name of a property of every object', async () => {
    frames.goLive({ gate, handlers: { 'a/Echo': echo } });
    for (const rpc of ['', 'a/Other', 'constructor', '__proto__', 'x'.repeat(60_000), '\0'.repeat(60_000)])
      expect(await call(rpc)).toEqual([expect.objectContaining({ code: 'INVALID_ARGUMENT', executed: 'no' })]);
  });

  it('refuses an rpc of another cluster before it reads a message', async () => {
    const refusal = new KvError('WRONG_CLUSTER', 'another cluster', { clusterId: 'ours' });
    frames.goLive({ gate: { ...gate, judge: () => refusal }, handlers: { 'a/Echo': echo } });
    expect(await call('a/Echo')).toEqual([expect.objectContaining({ code: 'WRONG_CLUSTER', clusterId: 'ours', executed: 'no' })]);
  });
});
