/**
 * Walks through what nodes with databases promise: a key is written over HTTP and appears in the databases of its holders, its primary
 * is stopped, another node answers, and the copy is made anew in the database of a node that had none.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { StepRunner } from './steps.js';

/** Four nodes, as processes or as containers. Each key has three holders. */
export interface WalkedCluster {
  readonly nodeIds: readonly string[];
  /** `http://host:port`, without a slash at its end. */
  httpOf(nodeId: string): string;
  /** A planned stop, like that of `docker stop`. */
  stop(nodeId: string): Promise<void>;
  /** The text that is stored under the key in the node's database. Undefined: nothing. */
  stored(nodeId: string, key: string): Promise<string | undefined>;
}

export interface DatabaseWalkReport {
  readonly primary: string;
  readonly successor: string;
  /** The node that had no copy. */
  readonly newHolder: string;
  readonly copyMs: number;
}

interface Written {
  readonly node: string;
  readonly replicas: readonly string[];
}

const key = 'user:1';
const value = 'Alice';
const patienceMs = 120_000;
const askAgainMs = 100;
const holders = 3;

export async function databaseWalkthrough(cluster: WalkedCluster, { step, print }: StepRunner): Promise<DatabaseWalkReport> {
  const { nodeIds } = cluster;
  const { node: primary, replicas } = await step(`write ${key} over HTTP`, () =>
    until('the key has three holders', async () => {
      const written = await put(cluster.httpOf(nodeIds[0]!));
      return written.replicas.length === holders ? written : undefined;
    }),
  );
  print(`acknowledged by its primary ${primary}, with ${replicas.filter((id) => id !== primary).join(' and ')}`);
  const newHolder = nodeIds.find((id) => !replicas.includes(id));
  if (newHolder === undefined) throw new Error(`every node holds ${key}`);

  await step('look for it in the databases', async () => {
    for (const id of replicas) await untilStored(cluster, id);
    if ((await cluster.stored(newHolder, key)) !== undefined) throw new Error(`${newHolder} holds ${key}, too`);
  });
  print(`it is in the databases of ${replicas.join(', ')}, and not in that of ${newHolder}`);

  await step(`stop ${primary}`, () => cluster.stop(primary));
  const startMs = performance.now();
  const others = nodeIds.filter((id) => id !== primary);
  const successor = await step('read it through every other node', async () => {
    const answers: string[] = [];
    for (const id of others) answers.push(await get(cluster.httpOf(id)));
    return answers.at(-1)!;
  });
  print(`${successor} answered`);

  await step(`wait until ${newHolder}, which had no copy, has it in its database`, () => untilStored(cluster, newHolder));
  const copyMs = Math.round(performance.now() - startMs);
  print(`it was there ${copyMs} ms after the stop`);
  return { primary, successor, newHolder, copyMs };
}

async function put(base: string): Promise<Written> {
  const response = await fetch(`${base}/api/kv/${key}`, { method: 'PUT', body: value });
  if (!response.ok) throw new Error(`PUT was answered with ${response.status}: ${await response.text()}`);
  return (await response.json()) as Written;
}

/** @returns the node that answered */
async function get(base: string): Promise<string> {
  const response = await fetch(`${base}/api/kv/${key}`);
  const text = await response.text();
  if (!response.ok || text !== value) throw new Error(`GET was answered with ${response.status}: ${text}`);
  return response.headers.get('kv-node') ?? '';
}

async function untilStored(cluster: WalkedCluster, nodeId: string): Promise<void> {
  await until(`the database of ${nodeId} has ${key}`, async () => (await cluster.stored(nodeId, key)) === value || undefined);
}

/** Tries again until there is a result. @throws Error that names `what` and the last problem */
export async function until<Result>(what: string, attempt: () => Promise<Result | undefined>): Promise<Result> {
  const endMs = performance.now() + patienceMs;
  let problem: unknown;
  while (performance.now() < endMs) {
    try {
      const result = await attempt();
      if (result !== undefined) return result;
    } catch (error) {
      problem = error;
    }
    await pause(askAgainMs);
  }
  throw new Error(`waited ${patienceMs} ms until ${what}${problem === undefined ? '' : `; the last problem: ${problem}`}`);
}
