/** `sync` of each call of `KvClient`: it is in the request that leaves the client. */
import { expect, test } from 'vitest';
import { changes } from '../../wire/contract/change-messages.js';
import type { DataRequest } from '../../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../../wire/pipeline/pipeline-results.js';
import { op } from '../changes/key-operations.js';
import type { ClientCore } from '../client-core.js';
import type { WriteDurability } from '../results.js';
import { ChangeCalls } from './change-calls.js';

class Calls extends ChangeCalls {}

/** Keeps the requests, and answers each one: a get with a value. */
function calls() {
  const sent: DataRequest[] = [];
  const core: Pick<ClientCore, 'execute' | 'limitsOf' | 'shardOf'> = {
    limitsOf: () => ({ deadlineMs: 0, signal: undefined }) as never,
    shardOf: () => 0,
    execute: async (request, _limits, toResult) => {
      sent.push(request);
      const message = 'message' in request ? changes[request.kind].response.encode({ found: false } as never) : undefined;
      return toResult({ found: true, value: Buffer.from('v'), version: 1, nodeId: 'a', message } as DataResult);
    },
  };
  return { client: Reflect.construct(Calls, [core]) as Calls, sent };
}

function syncOf(request: DataRequest): boolean {
  if ('message' in request) return (changes[request.kind].request.decode(request.message) as WriteDurability).sync === true;
  return request.kind !== 'get' && request.sync === true;
}

const writes: Record<string, (client: Calls, options: WriteDurability) => Promise<unknown>> = {
  put: (client, options) => client.put('k', 'v', options),
  mput: (client, options) => client.mput([{ key: 'k', value: 'v', ...options }]),
  delete: (client, options) => client.delete('k', options),
  'update that writes': (client, options) => client.update('k', () => 'w', options),
  'update that deletes': (client, options) => client.update('k', () => null, options),
  increment: (client, options) => client.increment('k', options),
  append: (client, options) => client.append('k', 'v', options),
  setRange: (client, options) => client.setRange('k', 0, 'v', options),
  getAndSet: (client, options) => client.getAndSet('k', 'v', options),
  getAndDelete: (client, options) => client.getAndDelete('k', options),
  touch: (client, options) => client.touch('k', 1, options),
  persist: (client, options) => client.persist('k', options),
  transact: (client, options) => client.transact({ do: [op.persist('k')] }, options),
};

test.each(Object.entries(writes))('%s - asks for the flush only if its caller does', async (_, write) => {
  for (const [options, expected] of [
    [{ sync: true }, true],
    [{ sync: false }, false],
    [{}, false],
  ] as const) {
    const { client, sent } = calls();
    await write(client, options);
    expect(sent.filter(({ kind }) => kind !== 'get').map(syncOf)).toEqual([expected]);
  }
});
