/** The paths of kvnode's znodes, and the sequence numbers in their names. */
import { returnCodes, type ZnodeClient, ZnodeError } from './znode-client.js';

export class ZnodePaths {
  readonly config: string;
  readonly nodes: string;
  readonly placement: string;
  readonly shards: string;
  readonly #editions: string;

  /** `root` is absolute, without a slash at the end. */
  constructor(root: string) {
    this.config = `${root}/config`;
    this.nodes = `${root}/nodes`;
    this.placement = `${root}/placement`;
    this.shards = `${root}/shards`;
    this.#editions = `${root}/editions`;
  }

  /** The prefix makes every id a legal name: a node may be called `..`. */
  edition(nodeId: string): string {
    return `${this.#editions}/e_${nodeId}`;
  }

  /** The mark of a draining node, beside the registrations. */
  drainMark(nodeId: string): string {
    return `${this.nodes}/drain_${nodeId}_d`;
  }

  election(shard: number): string {
    return `${this.shards}/${shard}/election`;
  }

  state(shard: number): string {
    return `${this.shards}/${shard}/state`;
  }
}

export const nodePrefix = 'n_';

/** It ends with a letter, so that no id makes it look like the sequential name of a registration. */
const drainName = /^drain_(.+)_d$/s;

/** The ids of the nodes that are marked as draining, by the names below `nodes`. Sorted. */
export function drainedIds(names: readonly string[]): string[] {
  return names.flatMap((name) => drainName.exec(name)?.[1] ?? []).sort();
}

/** The replica id comes first, so that a create whose answer was lost is recognised (R2). */
export function candidatePrefix(replicaId: string): string {
  return `${replicaId}-n_`;
}

export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

export interface SequencedName {
  readonly name: string;
  readonly prefix: string;
  /** The order of creation: grows from znode to znode of one parent. */
  readonly order: number;
}

/** ZooKeeper prints a signed 32-bit counter that wraps: after 2147483647 comes -2147483648, and later -000000001. */
const sequencedName = /^(.*n_)(\d{10}|-\d{9,10})$/s;

/** In order of creation; names that are not of this form are left out. */
export function inOrder(names: readonly string[]): SequencedName[] {
  const parsed: SequencedName[] = [];
  for (const name of names) {
    const match = sequencedName.exec(name);
    if (match?.[1] === undefined) continue;
    const sequence = Number(match[2]);
    parsed.push({ name, prefix: match[1], order: sequence < 0 ? sequence + 2 ** 32 : sequence });
  }
  return parsed.sort((left, right) => left.order - right.order);
}

/** Creates a persistent, empty znode and its parents where they are missing. */
export async function ensurePath(client: ZnodeClient, path: string): Promise<void> {
  if (path === '') return;
  const result = await client.create(path, Buffer.alloc(0), 'persistent');
  if (result.kind !== 'missing') return;
  await ensurePath(client, parentOf(path));
  const again = await client.create(path, Buffer.alloc(0), 'persistent');
  // Another client deletes the path meanwhile: the caller may try again later.
  if (again.kind === 'missing') throw new ZnodeError(`create ${path}`, returnCodes.noNode, 'no');
}
