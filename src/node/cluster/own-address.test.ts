import { createServer as createTcpServer } from 'node:net';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { freePort } from '../../../local/free-port.js';
import { clusterService } from '../../wire/contract/client-contract.js';
import { OwnAddress } from './own-address.js';
import { type ProbeResult, probeAddress, probeKey } from './probe-address.js';

const address = '[2001:db8::1]:9090';

/** Level, fields and text of a line. */
type Line = readonly [level: string, fields: unknown, text: string];

function recorder(): { lines: Line[]; logger: ConstructorParameters<typeof OwnAddress>[0]['logger'] } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: unknown, text?: unknown) => void lines.push([level, fields, String(text)]);
  return { lines, logger: { warn: at('warn'), info: at('info'), debug: at('debug') } };
}

describe('the advertised address of a node', () => {
  const { lines, logger } = recorder();
  let answer: ProbeResult | 'itself';
  let probes: number;
  let own: OwnAddress;

  beforeEach(() => {
    vi.useFakeTimers();
    lines.length = 0;
    probes = 0;
    const probe = (_address: string, token: string) => {
      probes += 1;
      if (answer === 'itself') own.received(token);
      const result: ProbeResult = answer === 'itself' ? { kind: 'answered', nodeId: 'n' } : answer;
      return { result: Promise.resolve(result), cancel: () => {} };
    };
    own = new OwnAddress({ address, logger, probe });
    own.start();
  });
  afterEach(() => {
    own.close();
    vi.useRealTimers();
  });

  test('that leads to the node is probed once a minute, and nothing is logged', async () => {
    answer = 'itself';
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(probes).toBe(11);
    expect(lines).toEqual([]);
  });

  test('that cannot be reached is logged once, with the reason, and probed less and less often', async () => {
    answer = { kind: 'failed', reason: 'connect ECONNREFUSED' };
    await vi.advanceTimersByTimeAsync(0);
    expect([probes, lines]).toEqual([1, []]);
    await vi.advanceTimersByTimeAsync(1_000);
    const warning = ['warn', { address, reason: 'connect ECONNREFUSED' }, expect.stringContaining('Check --advertise')];
    expect([probes, lines]).toEqual([2, [warning]]);
    await vi.advanceTimersByTimeAsync(62_000);
    expect(probes).toBe(7);
    await vi.advanceTimersByTimeAsync(60 * 60_000);
    expect(probes).toBe(67);
    expect(lines).toEqual([warning]);
    answer = 'itself';
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(lines).toEqual([warning, ['info', { address }, expect.stringContaining('is reached')]]);
  });

  test('that fails once is not logged', async () => {
    answer = { kind: 'failed', reason: 'getaddrinfo ENOTFOUND' };
    await vi.advanceTimersByTimeAsync(0);
    answer = 'itself';
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(lines).toEqual([]);
  });

  test('at which another process answers, even under the same id, is logged', async () => {
    answer = { kind: 'answered', nodeId: 'n' };
    await vi.advanceTimersByTimeAsync(1_000);
    expect(lines).toEqual([['warn', { address, answeredBy: 'n' }, expect.stringContaining('another process answers')]]);
  });

  test('is not probed any more by a node that ends', async () => {
    answer = { kind: 'failed', reason: 'connect ECONNREFUSED' };
    await vi.advanceTimersByTimeAsync(0);
    own.close();
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect([probes, lines]).toEqual([1, []]);
  });
});

describe('a probe', () => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0)) stop();
  });

  async function node(services = clusterService): Promise<{ address: string; received: string[] }> {
    const server = new Server();
    const received: string[] = [];
    stops.push(() => server.forceShutdown());
    if (services === clusterService) {
      server.addService(services, {
        GetNodeStatus: ({ metadata }: ServerUnaryCall<object, object>, callback: sendUnaryData<object>) => {
          received.push(...metadata.get(probeKey).map(String));
          callback(null, { nodeId: 'n' });
        },
      });
    }
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    return { address: `127.0.0.1:${port}`, received };
  }

  test('carries its token to the process that answers, and returns the id of that process', async () => {
    const { address: at, received } = await node();
    expect(await probeAddress(at, 'token', 30_000).result).toEqual({ kind: 'answered', nodeId: 'n' });
    expect(received).toEqual(['token']);
  });

  test('of a port on which no process listens fails with the error of the operating system', async () => {
    const { result } = probeAddress(`127.0.0.1:${await freePort()}`, 'token', 30_000);
    expect(await result).toEqual({ kind: 'failed', reason: expect.stringMatching(/^connect ECONNREFUSED/) });
  });

  test('of a server that sends nothing fails in time', async () => {
    const silent = createTcpServer(() => {});
    stops.push(() => silent.close());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    const { result } = probeAddress(`127.0.0.1:${port}`, 'token', 100);
    expect(await result).toEqual({ kind: 'failed', reason: 'no answer within 100 ms' });
  });

  test('of a gRPC server that is no node fails with that reason', async () => {
    const { address: at } = await node({});
    const { result } = probeAddress(at, 'token', 30_000);
    expect(await result).toEqual({ kind: 'failed', reason: 'a server that is no kvnode answers there' });
  });
});
