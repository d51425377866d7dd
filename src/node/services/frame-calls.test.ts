import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KvError } from '../../errors.js';
import { dialTcp, type FrameStream } from '../../transport/index.js';
import { keyValueService } from '../../wire/contract/client-contract.js';
import { toStatus } from '../../wire/contract/grpc-status.js';
import { EarlyRequests } from './early-requests.js';
import { unaryHandlers } from './frame-calls.js';
import { FrameServer } from './frame-server.js';
import { type Listening, listen } from './listen.js';

const { Get } = keyValueService;
type Handler = (call: ServerUnaryCall<{ key: Buffer }, object>, callback: sendUnaryData<object>) => void;

let frames: FrameServer;
let listening: Listening;
let get: Handler;
const cut: string[] = [];

beforeEach(async () => {
  cut.length = 0;
  frames = new FrameServer((reason) => cut.push(reason));
  const implementation = { Get: ((call, callback) => get(call, callback)) as Handler };
  frames.goLive({
    gate: { clusterId: 'ours', judge: () => undefined },
    handlers: unaryHandlers(keyValueService, implementation as never),
  });
  listening = await listen('127.0.0.1', 0, frames.serve);
});
afterEach(async () => {
  vi.useRealTimers();
  await listening.shutDown(0);
});

/** @returns the responses and the end of an rpc. */
function call(rpc: string, send: (stream: FrameStream) => void, onAccepted = () => {}): Promise<unknown[]> {
  const answers: unknown[] = [];
  const target = { address: `127.0.0.1:${listening.port}`, rpc, clusterId: undefined, connectTimeoutMs: 60_000 };
  return new Promise((resolve) => {
    const stream = dialTcp(target, {
      onAccepted,
      onFrame: (frame) => answers.push(Get!.responseDeserialize(Buffer.from(frame))),
      onDrain() {},
      onEnd() {},
      onClosed: (error) => resolve([...answers, error]),
    });
    send(stream);
  });
}

const request = Get!.requestSerialize({ key: 'k' });
const getKey = (send: (stream: FrameStream) => void) => call('kv.v1.KeyValue/Get', send);

describe('unary rpcs over frames', () => {
  it('wait until a node that starts is live; another rpc is refused at once', async () => {
    const starting = new FrameServer();
    const served = { gate: { clusterId: 'ours', judge: () => undefined }, handlers: {} };
    const early = await listen('127.0.0.1', 0, starting.serve);
    const open = (rpc: string): Promise<KvError | undefined> => {
      const target = { address: `127.0.0.1:${early.port}`, rpc, clusterId: undefined, connectTimeoutMs: 60_000 };
      return new Promise((resolve) => {
        dialTcp(target, { onAccepted() {}, onFrame() {}, onDrain() {}, onEnd() {}, onClosed: resolve }).send(request);
      });
    };
    expect(await open('kv.v1.KeyValue/Pipeline')).toMatchObject({ code: 'NO_PRIMARY', executed: 'no' });
    expect(await open('kv.v1.Cluster/GetTopology')).toMatchObject({ code: 'NO_PRIMARY', executed: 'no' });
    const whenStarted = vi.spyOn(EarlyRequests.prototype, 'whenStarted');
    const waiting = open('kv.v1.KeyValue/Get');
    await vi.waitUntil(() => whenStarted.mock.calls.length > 0);
    get = (_, callback) => callback(toStatus(new KvError('MEMORY_FULL', 'served')));
    const implementation = { Get: ((call, callback) => get(call, callback)) as Handler };
    starting.goLive({ ...served, handlers: unaryHandlers(keyValueService, implementation as never) });
    expect(await waiting).toMatchObject({ code: 'MEMORY_FULL' });
    await early.shutDown(0);
  });

  it('have one request and one response, with or without a half-close', async () => {
    get = ({ request: { key } }, callback) =>
      callback(null, { found: true, value: Buffer.from(`value of ${key}`), version: 7, nodeId: 'n' });
    const response = { found: true, value: Buffer.from('value of k'), version: 7, nodeId: 'n' };
    expect(await getKey((stream) => stream.send(request))).toEqual([response, undefined]);
    const withEnd = (stream: FrameStream): void => {
      stream.send(request);
      stream.end();
    };
    expect(await getKey(withEnd)).toEqual([response, undefined]);
    expect(cut).toEqual([]);
  });

  it('fail with everything that the error of the handler says', async () => {
    const details = { executed: 'unknown', currentVersion: 0, primaryAddress: 'p:1' } as const;
    get = (_, callback) => callback(toStatus(new KvError('VERSION_MISMATCH', 'not at 3', details)));
    expect(await getKey((stream) => stream.send(request))).toEqual([
      expect.objectContaining({ code: 'VERSION_MISMATCH', message: 'not at 3', ...details }),
    ]);
  });

  it('a handler that throws ends its rpc and nothing else', async () => {
    get = () => {
      throw new Error('a fault');
    };
    expect(await getKey((stream) => stream.send(request))).toEqual([
      expect.objectContaining({ code: 'INTERNAL', executed: 'unknown', message: expect.not.stringContaining('a fault') }),
    ]);
  });

  it('what is no request is refused, definitely not executed', async () => {
    get = () => expect.unreachable();
    const refusal = [expect.objectContaining({ code: 'INVALID_ARGUMENT', executed: 'no' })];
    expect(await getKey((stream) => stream.send(Buffer.from([0xff])))).toEqual(refusal);
    expect(await getKey((stream) => stream.end())).toEqual(refusal);
    expect(cut).toEqual(['malformed', 'malformed']);
  });

  it('an rpc whose client closes its connection is cancelled', async () => {
    const cancelled = new Promise<void>((resolve) => {
      get = (served) => void served.once('cancelled', resolve);
    });
    const target = { address: `127.0.0.1:${listening.port}`, rpc: 'kv.v1.KeyValue/Get', clusterId: undefined };
    const stream = dialTcp(
      { ...target, connectTimeoutMs: 60_000 },
      { onAccepted: () => setImmediate(() => stream.cancel()), onFrame() {}, onDrain() {}, onEnd() {}, onClosed() {} },
    );
    stream.send(request);
    await cancelled;
  });

  it('a second request ends an rpc whose first may have been executed', async () => {
    get = () => {};
    const twice = (stream: FrameStream): void => {
      stream.send(request);
      stream.send(request);
    };
    expect(await getKey(twice)).toEqual([expect.objectContaining({ code: 'INVALID_ARGUMENT', executed: 'unknown' })]);
    expect(cut).toEqual(['malformed']);
  });

  it('an rpc whose request does not come is ended after 10 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const passed = call(
      'kv.v1.KeyValue/Get',
      () => {},
      () => void vi.advanceTimersByTime(10_000),
    );
    expect(await passed).toEqual([expect.objectContaining({ code: 'INVALID_ARGUMENT', executed: 'no' })]);
    expect(cut).toEqual(['silent']);
  });

  it('streams are left out', async () => {
    expect(Object.keys(unaryHandlers(keyValueService, { Get: () => {}, Pipeline: () => {} } as never))).toEqual([
      'kv.v1.KeyValue/Get',
    ]);
  });
});
