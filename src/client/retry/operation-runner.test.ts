import { describe, expect, test } from 'vitest';
import { cluster, connect, failure, useFakeCluster } from '../../../test/unit/client-testing/harness.js';
import { KvError } from '../../errors.js';
import { limitsOf } from '../call-limits.js';
import { ClientRequests } from '../requests/client-requests.js';
import { AddressBook, fixedAddresses } from '../routing/address-book.js';
import { ClusterIdentity } from '../routing/cluster-identity.js';
import { RoutingTable } from '../routing/routing-table.js';
import { Strangers } from '../routing/strangers.js';
import { Connections } from '../transport/connections.js';
import type { ClientOperation } from './client-operation.js';
import { Backlog, InFlightLimit } from './in-flight-limit.js';
import { OperationRunner } from './operation-runner.js';
import { RetryLimiter } from './retry-limiter.js';
import { firstBackoffMs } from './retry-rule.js';
import { WakeUp } from './wake-up.js';

useFakeCluster();

const newRetryLimiter = () => new RetryLimiter({ maxTrying: () => 1, maxQueued: 0, backlog: new Backlog() });

describe('between the choice of a connection and the sending', () => {
  test('the client is closed - CLOSED, and nothing is sent', async () => {
    const client = await connect();
    await client.put('warm', 'x');
    const calls = [client.put('key', 'value'), client.delete('key'), client.get('key')].map(failure);
    void client.close();
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'CLOSED', executed: 'no' });
    expect(cluster.arrivals).toHaveLength(1);
  });

  test('the caller gives up - CANCELLED, not executed, and nothing is sent', async () => {
    const client = await connect();
    await client.put('warm', 'x');
    const controller = new AbortController();
    const write = failure(client.put('key', 'value', { signal: controller.signal }));
    controller.abort();
    expect(await write).toMatchObject({ code: 'CANCELLED', executed: 'no' });
    expect(cluster.arrivals).toHaveLength(1);
  });

  test('the connection is closed - a write is sent over another', async () => {
    const identity = new ClusterIdentity();
    const connections = new Connections(2_000, () => {}, identity);
    const strangers = new Strangers({ identity, connections, followRebuilds: false });
    const table = new RoutingTable();
    table.update(cluster.topology);
    const addressBook = new AddressBook(fixedAddresses(cluster.addresses), () => {});
    const inFlight = new InFlightLimit({ maxInFlight: 1, maxInFlightBytes: 1_000, maxQueued: 0 });
    const runner = new OperationRunner({
      table,
      connections,
      addressBook,
      strangers,
      inFlight,
      retryLimiter: newRetryLimiter(),
      pipelined: true,
      wakeUp: new WakeUp(),
      requests: new ClientRequests(),
    });
    const limits = limitsOf({}, 5_000);
    await connections.to(cluster.primary.address).whenReady(limits);

    const request = { kind: 'put', key: 'key', value: Buffer.from('value'), ifVersion: undefined } as const;
    const write: ClientOperation<unknown> = {
      access: 'write',
      shard: 0,
      bytes: 1,
      send: (to, within) => to.execute(request, within),
    };
    const outcome = runner.run(write, limits);
    connections.retain(new Set());
    expect(await outcome).toMatchObject({ nodeId: 'node-1' });
    expect(cluster.arrivals).toHaveLength(1);
    connections.close();
  });
});

test('after many refusals - the wait for a new primary begins small again', async () => {
  const identity = new ClusterIdentity();
  const connections = new Connections(2_000, () => {}, identity);
  const strangers = new Strangers({ identity, connections, followRebuilds: false });
  const table = new RoutingTable();
  table.update(cluster.topology);
  const addressBook = new AddressBook(fixedAddresses(cluster.addresses), () => {});
  const inFlight = new InFlightLimit({ maxInFlight: 1, maxInFlightBytes: 1_000, maxQueued: 0 });
  const wakeUp = new RecordingWakeUp();
  const runner = new OperationRunner({
    table,
    connections,
    addressBook,
    strangers,
    inFlight,
    retryLimiter: newRetryLimiter(),
    pipelined: true,
    wakeUp,
    requests: new ClientRequests(),
  });
  const refusals = 12;
  let attempts = 0;
  const write: ClientOperation<string> = {
    access: 'write',
    shard: 0,
    bytes: 1,
    send: async () => {
      attempts += 1;
      if (attempts > refusals) return 'written';
      // The last refusal comes from the new primary.
      if (attempts === refusals - 1) {
        cluster.setPrimary(cluster.nodes[1]);
        table.update(cluster.topology);
      }
      throw new KvError('TAKEOVER_IN_PROGRESS', 'not yet', { executed: 'no' });
    },
  };
  expect(await runner.run(write, limitsOf({}, 60_000))).toBe('written');
  expect(Math.max(...wakeUp.requestedMs)).toBeGreaterThan(10 * firstBackoffMs);
  expect(wakeUp.requestedMs.at(-1)).toBeLessThanOrEqual(firstBackoffMs);
  connections.close();
});

/** Does not sleep, and records for how long it should have. */
class RecordingWakeUp extends WakeUp {
  readonly requestedMs: number[] = [];

  override sleep(maxMs: number, signal?: AbortSignal): Promise<void> {
    this.requestedMs.push(maxMs);
    return super.sleep(0, signal);
  }
}
