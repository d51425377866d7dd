import { EventEmitter } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Server } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { HealthServer } from './health-server.js';

class Watch extends EventEmitter {
  readonly request: { service: string };
  readonly statuses: string[] = [];

  constructor(service: string) {
    super();
    this.request = { service };
  }

  write({ status }: { status: string }): void {
    this.statuses.push(status);
  }
}

function serve(): { health: HealthServer; watch(service: string): Watch } {
  const health = new HealthServer();
  let handler: (call: Watch) => void = () => expect.fail();
  const addService = (_definition: unknown, handlers: unknown): void => {
    handler = (handlers as { watch: typeof handler }).watch;
  };
  health.addTo({ addService } as Pick<Server, 'addService'>);
  const watch = (service: string): Watch => {
    const call = new Watch(service);
    handler(call);
    return call;
  };
  return { health, watch };
}

test('a watcher gets the changes of its service; for a service that does not exist it gets UNKNOWN, once', () => {
  const { health, watch } = serve();
  const watches = ['', 'kv.v1.Cluster', 'kv.v2', '__proto__', 'constructor'].map(watch);
  health.report({ live: true, ready: false });
  health.report({ live: true, ready: true });
  expect(watches.map(({ statuses }) => statuses)).toEqual([
    ['NOT_SERVING', 'SERVING'],
    ['NOT_SERVING', 'SERVING'],
    ...[['SERVICE_UNKNOWN'], ['SERVICE_UNKNOWN'], ['SERVICE_UNKNOWN']],
  ]);
});

test('names of services that do not exist, watched one after the other, are not kept', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { watch } = serve();
  const usedBytes = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = usedBytes();
  for (let count = 0; count < 400; count++) watch(Buffer.alloc(100_000, `${count} `).toString()).emit('cancelled');
  expect(usedBytes() - before).toBeLessThan(10_000_000);
});
