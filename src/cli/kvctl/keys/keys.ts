/**
 * Lists the keys of the cluster, or of the replicas of one node, in the order of their bytes. Each shard returns its
 * smallest keys after the end of the previous page. The smallest of all these keys are the next page.
 */
import type { KvClient } from '../../../client/index.js';
import { KvError } from '../../../errors.js';
import { type MergedKeys, mergeKeyPages } from '../../../topology/merge-key-pages.js';
import type { ListedKey, ListKeysRequest, ListKeysResponse } from '../../../wire/contract/kv-api.js';
import { printable } from '../../legible.js';
import { type Command, type CommandContext, expectOperands, refuseReplacedBytes, wholeNumber } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { duration, size } from '../figures.js';
import { findNode } from '../status/find-node.js';
import { reportWaitForShards, reportWhile } from '../waiting.js';

const defaultLimit = 1_000;

export const keysCommand: Command = {
  name: 'keys',
  operands: '',
  summary: 'List keys in the order of their bytes, a page at a time',
  isWrite: false,
  options: {
    node: {
      type: 'string',
      requiresArg: true,
      describe: 'Only keys that this node holds, by its id or address. Default: the primaries are queried',
    },
    shard: { type: 'string', requiresArg: true, describe: 'Only keys of this shard' },
    prefix: { type: 'string', requiresArg: true, describe: 'Only keys that begin with this text' },
    after: { type: 'string', requiresArg: true, describe: 'Only keys after this one, as for the next page' },
    limit: { type: 'string', requiresArg: true, default: String(defaultLimit), describe: 'Largest number of keys in a page' },
    all: { type: 'boolean', describe: 'List all pages, to the last key' },
    long: { type: 'boolean', describe: 'Print version, size and remaining time of each key' },
  },
  async run({ connect, operands, options, call, output }) {
    expectOperands(keysCommand, operands, 0);
    const limit = wholeNumber(options, 'limit', 1) ?? defaultLimit;
    const shard = wholeNumber(options, 'shard', 0);
    const text = (name: string): string => (options[name] as string | undefined) ?? '';
    for (const name of ['prefix', 'after']) refuseReplacedBytes(`--${name}`, text(name));
    const source = await chooseSource(await connect(), { node: text('node'), shard }, { call, output });
    for (let after = text('after'); ; ) {
      const { keys, nextAfter } = await mergedPage(source, { after, prefix: text('prefix'), limit });
      const lines = options.long === true ? await longTable(keys) : keys.map(({ key }) => printable(key)).join('\n');
      if (output.isJson) output.noResult({ keys, nextAfter });
      else if (keys.length > 0) output.result(lines, {});
      if (nextAfter === '') return exitCodes.ok;
      after = nextAfter;
      if (options.all === true) continue;
      output.remark(`there are more keys: the next page is --after ${JSON.stringify(nextAfter)}`);
      return exitCodes.ok;
    }
  },
};

type Range = Required<Pick<ListKeysRequest, 'after' | 'prefix' | 'limit'>>;

interface KeySource {
  readonly shards: readonly number[];
  page(request: ListKeysRequest): Promise<ListKeysResponse>;
  /** Runs `work`, and reports which of the `awaited` shards it waits for, if that takes long. */
  waitFor<Result>(awaited: ReadonlySet<number>, work: () => Promise<Result>): Promise<Result>;
}

async function chooseSource(
  client: KvClient,
  { node, shard }: { node: string; shard: number | undefined },
  { call, output }: Pick<CommandContext, 'call' | 'output'>,
): Promise<KeySource> {
  const topology = client.knownTopology!;
  if (shard !== undefined && shard >= topology.shards.length)
    throw new KvError('INVALID_OPTION', `--shard: there is no shard ${shard}`);
  if (node === '') {
    const shards = shard === undefined ? topology.shards.map((one) => one.shard) : [shard];
    const page = (request: ListKeysRequest) => client.listKeys(request, call);
    return { shards, page, waitFor: (awaited, work) => reportWaitForShards(client, () => awaited, output, work) };
  }
  const { address, id } = findNode(topology, node);
  const report = <Result>(work: () => Promise<Result>) => reportWhile(output, () => `${id} has not answered yet`, work);
  const { replicas } = await report(() => client.nodeStatus(address, call));
  const held = replicas.map((replica) => replica.shard);
  if (shard !== undefined && !held.includes(shard))
    throw new KvError('INVALID_OPTION', `${id} holds no replica of shard ${shard}`);
  const page = (request: ListKeysRequest) => client.listKeysOf(address, request, call);
  return { shards: shard === undefined ? held : [shard], page, waitFor: (_awaited, work) => report(work) };
}

/** Limits the pages in flight to the number that a node computes at once. */
const pagesAtOnce = 8;

/** Reads a page of each shard and keeps the smallest keys of all. */
function mergedPage({ shards, page, waitFor }: KeySource, range: Range): Promise<MergedKeys> {
  const limit = Math.min(range.limit, 10_000);
  const awaited = new Set<number>();
  const pageOf = async (shard: number): Promise<ListKeysResponse> => {
    awaited.add(shard);
    const response = await page({ ...range, shard, limit });
    awaited.delete(shard);
    return response;
  };
  return waitFor(awaited, async () => {
    const pages: ListKeysResponse[] = [];
    for (let first = 0; first < shards.length; first += pagesAtOnce)
      pages.push(...(await Promise.all(shards.slice(first, first + pagesAtOnce).map(pageOf))));
    return mergeKeyPages(pages, limit);
  });
}

async function longTable(keys: readonly ListedKey[]): Promise<string> {
  const { plainTable } = await import('../tables.js');
  const table = plainTable(['key', 'version', 'value', 'expires in']);
  for (const { key, version, valueBytes, expiresInMs } of keys)
    table.push([printable(key), version, size(valueBytes), expiresInMs === undefined ? '-' : duration(expiresInMs)]);
  return table.toString();
}
