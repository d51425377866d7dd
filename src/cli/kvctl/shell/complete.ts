/** Completes a typed line: commands, options, and existing keys for commands on keys. */
import type { KvClient } from '../../../client/index.js';
import { commands } from '../commands.js';
import { capitals } from './statement.js';

const takesKey = new Set([
  'put',
  'get',
  'delete',
  'increment',
  'append',
  'setrange',
  'getset',
  'getdel',
  'ttl',
  'touch',
  'persist',
  'mget',
  'locate',
]);
const takesNode = new Set(['info', 'INFO', 'drain', 'undrain', 'can-stop']);
/** A completion without keys is better than a longer wait. */
const patienceMs = 500;
const maxKeys = 50;

export type Completion = [candidates: string[], typed: string];

/** `client`: undefined while not connected. If keys do not arrive in time, none are suggested. */
export async function complete(line: string, client: KvClient | undefined): Promise<Completion> {
  const words = line.trimStart().split(/\s+/);
  const typed = words.at(-1) ?? '';
  const [first = ''] = words;
  if (words.length <= 1) return [commandsFrom(typed), typed];
  const command =
    commands.find(({ name }) => name === words.slice(0, 2).join(' ')) ??
    commands.find(({ name }) => name === first || name === first.toLowerCase());
  if (typed.startsWith('--') && command !== undefined && line.trimStart().startsWith(command.name))
    return [optionsOf(command.options).filter((option) => option.startsWith(typed)), typed];
  if (first === 'shard') return [words.length === 2 ? ['force-primary'].filter((word) => word.startsWith(typed)) : [], typed];
  if (client === undefined) return [[], typed];
  if (takesNode.has(first)) return [nodesFrom(client, typed), typed];
  const isKey = command !== undefined && takesKey.has(command.name) && (words.length === 2 || command.name === 'mget');
  return [isKey ? await keysFrom(client, typed) : [], typed];
}

function commandsFrom(typed: string): string[] {
  const names = [...commands.map(({ name }) => name.split(' ')[0]!), 'help', 'exit', ...capitals];
  return [...new Set(names)].filter((name) => name.startsWith(typed)).map((name) => `${name} `);
}

function optionsOf(options: object): string[] {
  return [...Object.keys(options), 'json', 'help'].map((name) => `--${name}`);
}

function nodesFrom(client: KvClient, typed: string): string[] {
  return (client.knownTopology?.nodes ?? []).map(({ id }) => id).filter((id) => id.startsWith(typed));
}

/** Leaves out keys that would need quotes. */
async function keysFrom(client: KvClient, prefix: string): Promise<string[]> {
  const shards = client.knownTopology?.shards ?? [];
  const pages = await Promise.allSettled(
    shards.map(({ shard }) => client.listKeys({ shard, prefix, limit: maxKeys }, { deadlineMs: patienceMs })),
  );
  const keys = pages.flatMap((page) => (page.status === 'fulfilled' ? page.value.keys.map(({ key }) => key) : []));
  return keys
    .filter((key) => !/[\s'"\\\p{Cc}]/u.test(key))
    .sort()
    .slice(0, maxKeys);
}
