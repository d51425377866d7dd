import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HealthServer } from '../../../node/tools/health-server.js';
import { Output } from '../output.js';
import { healthCommand } from './health.js';

let server: Server;
let address: string;
const health = new HealthServer();

beforeEach(async () => {
  server = new Server();
  health.addTo(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  address = `127.0.0.1:${port}`;
});
afterEach(() => {
  server.forceShutdown();
  vi.unstubAllEnvs();
});

interface Asked {
  readonly operands?: string[];
  readonly nodes?: string;
  readonly zk?: string;
  readonly live?: boolean;
}

async function run({ operands = [], nodes, zk, live }: Asked): Promise<{ code: number; text: string; json: object }> {
  const output = new Output(false);
  let [text, json] = ['', {}];
  vi.spyOn(output, 'result').mockImplementation((resultText, facts) => {
    [text, json] = [resultText, facts];
  });
  const code = await healthCommand.run({
    connect: () => expect.fail('health asks the node itself, not the cluster'),
    operands,
    options: { live },
    connection: { nodes, zk, root: undefined },
    call: { deadlineMs: 10_000, signal: new AbortController().signal },
    isStdinTaken: false,
    output,
  });
  return { code, text, json };
}

describe('kvctl health', () => {
  test('the exit code is 0 for a ready node, 8 for one that is not in sync yet (0 with --live), 8 for one that stops', async () => {
    health.report({ live: true, ready: true });
    expect(await run({ operands: [address] })).toEqual({
      code: 0,
      text: `${address} is ready`,
      json: { nodes: [{ address, ready: true, problem: undefined }] },
    });
    health.report({ live: true, ready: false });
    expect(await run({ operands: [address] })).toMatchObject({ code: 8, text: expect.stringContaining('is not ready') });
    expect(await run({ operands: [address], live: true })).toMatchObject({ code: 0, json: { nodes: [{ address, live: true }] } });
    health.report({ live: false, ready: false });
    expect(await run({ operands: [address], live: true })).toMatchObject({ code: 8 });
  });

  test('every named node must be ready, and a node that does not answer is not', async () => {
    health.report({ live: true, ready: true });
    expect(await run({ nodes: address })).toMatchObject({ code: 0 });
    const outcome = await run({ nodes: `${address},127.0.0.1:1` });
    expect(outcome).toMatchObject({ code: 8, json: { nodes: [{ ready: true }, { ready: false, problem: expect.any(String) }] } });
    vi.stubEnv('KVNODE_NODES', address);
    expect(await run({})).toMatchObject({ code: 0, text: `${address} is ready` });
  });

  test.each<Asked>([{ operands: ['no-port'] }, { operands: ['a:1', 'b:1'] }, { zk: 'localhost:2181' }])(
    '%j is refused as a usage error',
    async (asked) => {
      await expect(run(asked)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    },
  );
});
