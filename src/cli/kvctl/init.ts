import type { Options } from 'yargs';
import { type ClusterOption, clusterOptions, flagOf, optionSpecs, resolveOptions } from '../../config/index.js';
import type { ClusterConfig, DurabilityMode } from '../../coordination/index.js';
import { KvError } from '../../errors.js';
import { type Command, expectOperands } from './command.js';
import { exitCodes } from './exit-codes.js';
import { unlessGivenUp } from './give-up.js';
import { reportWhile } from './waiting.js';

export const initCommand: Command = {
  name: 'init',
  operands: '',
  summary: 'Found a cluster in ZooKeeper before its first node starts: the root znode and the values all nodes agree on',
  isWrite: true,
  options: Object.fromEntries(clusterOptions.map((name): [string, Options] => [flagOf(name), optionOf(name)])),
  async run({ connection, operands, options, call, output }) {
    expectOperands(initCommand, operands, 0);
    if (connection.nodes !== undefined) throw new KvError('INVALID_OPTION', 'init connects to ZooKeeper: pass --zk, not --nodes');
    const given = Object.fromEntries(clusterOptions.map((name) => [name, options[flagOf(name)]]));
    const { zk, root } = connection;
    const { values } = resolveOptions({
      commandLine: { ...given, zk, root },
      environment: process.env,
      used: [...clusterOptions, 'zk', 'root'],
    });
    const { initializeCluster, proposedConfig } = await import('../../coordination/index.js');
    const initialize = () => {
      const initializing = initializeCluster(values.zk, values.root, proposedConfig(values), call.deadlineMs);
      return unlessGivenUp(initializing, call.signal, 'unknown');
    };
    const { config, created } = await reportWhile(output, () => `ZooKeeper at ${values.zk} has not answered yet`, initialize);
    const settings = settingsOf(config);
    const what = created ? 'is ready' : 'already exists with the same values';
    output.result(`cluster ${config.clusterId} ${what} under ${values.root}: start its nodes with ${settings}`, {
      created,
      root: values.root,
      config,
    });
    return exitCodes.ok;
  },
};

const needlessOptions: Readonly<Record<DurabilityMode, readonly ClusterOption[]>> = {
  memory: ['durability', 'syncIntervalMs'],
  interval: [],
  always: ['syncIntervalMs'],
};

/** The options with which the nodes of this cluster start. Without a data directory nothing needs to be said of it. */
function settingsOf(config: ClusterConfig): string {
  const needless = needlessOptions[config.durability];
  const settings = clusterOptions.filter((name) => !needless.includes(name)).map((name) => `--${flagOf(name)} ${config[name]}`);
  return [...settings, ...(config.durability === 'memory' ? [] : ['--data-dir DIR'])].join(' ');
}

function optionOf(name: ClusterOption): Options {
  const spec = optionSpecs[name];
  const common: Options = { type: 'string', requiresArg: true, describe: spec.description };
  // This command knows no data directory, by which a node chooses its default.
  if (spec.type === 'string') return { ...common, choices: spec.choices, defaultDescription: 'memory' };
  return { ...common, defaultDescription: String(spec.default) };
}
