/** Two replicas of one shard, nodes that serve them, and the requests and checks that the cases of every API share. */
import { afterEach, beforeEach, expect, vi } from 'vitest';
import type { ReplicaOptions } from '../../../replication/index.js';
import { Scenario } from '../../../replication/testing/scenario.fixture.js';
import type { Tracing } from '../../../tracing/index.js';
import { clockOf, directoryOf } from '../../shards/served-shard.fixture.js';
import type { ShardDirectory } from '../../shards/shard-directory.js';
import { type TestedApi, TestNode } from './test-node.fixture.js';
import type { TestAnswer, TestRequest } from './test-request.fixture.js';

export const leaseMs = 1_000;
export const key = Buffer.from('k');
export const notPrimary = 'this node is not the primary of the shard';

export const keyRequests = {
  get: { kind: 'get', key },
  put: { kind: 'put', key, value: Buffer.from('value') },
  remove: { kind: 'delete', key },
} as const satisfies Readonly<Record<string, TestRequest>>;
export const requests: readonly TestRequest[] = Object.values(keyRequests);

export interface TestCluster {
  /** `a` is the primary of two. */
  readonly c: Scenario;
  nodeOf(name: string, changes?: Partial<ShardDirectory>, tracing?: Tracing): TestNode;
}

/** A cluster for each test of the file. */
export function testCluster(options: Partial<ReplicaOptions> = {}): TestCluster {
  let c: Scenario;
  let nodes: TestNode[];
  beforeEach(() => {
    c = Scenario.of('a b', options);
    clockOf(c);
    nodes = [];
  });
  afterEach(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    vi.restoreAllMocks();
  });
  return {
    get c() {
      return c;
    },
    nodeOf(name, changes = {}, tracing) {
      const node = new TestNode(c, name, { ...directoryOf(c, name), ...changes }, tracing);
      nodes.push(node);
      return node;
    },
  };
}

export function refusal(code: string, message: string, more: object = {}): object {
  return { code, message, executed: 'no', ...more };
}

/** The answers to all requests, each counted once, and only for its API. */
export async function expectAnswers(api: TestedApi, node: TestNode, cases: readonly [TestRequest, object][]): Promise<void> {
  const before = node.counted(api);
  const answers: TestAnswer[] = [];
  for (const [request] of cases) answers.push(await node.send(api, request));
  expect(answers).toEqual(cases.map(([, expected]) => expected));
  const texts = cases.map(([{ kind }, expected]) => `${kind} ${'code' in expected ? expected.code : 'OK'}`);
  expect(node.counted(api).toSorted()).toEqual([...before, ...texts].toSorted());
  expect(node.countedElsewhere(api)).toEqual([]);
}

export function refusesAll(api: TestedApi, node: TestNode, expected: object): Promise<void> {
  return expectAnswers(
    api,
    node,
    requests.map((request) => [request, expected]),
  );
}
