import type { Options } from 'yargs';
import { flagOf, type OptionName, optionSpecs, resolveOptions } from '../../config/index.js';
import { KvError } from '../../errors.js';
import { type Command, expectOperands } from './command.js';
import { exitCodes } from './exit-codes.js';
import { unlessGivenUp } from './give-up.js';
import { reportWhile } from './waiting.js';

/** The options of kvnode that are fixed for the life of a cluster. */
const agreed = ['shards', 'replicas', 'vnodes', 'minInSync', 'beaconMs', 'leaseMs', 'graceMs'] as const satisfies OptionName[];

export const initCommand: Command = {
  name: 'init',
  operands: '',
  summary: 'Found a cluster in ZooKeeper before its first node starts: the root znode and the values all nodes agree on',
  isWrite: true,
  options: Object.fromEntries(agreed.map((name): [string, Options] => [flagOf(name), optionOf(name)])),
  async run({ connection, operands, options, call, output }) {
    expectOperands(initCommand, operands, 0);
    if (connection.nodes !== undefined) throw new KvError('INVALID_OPTION', 'init connects to ZooKeeper: pass --zk, not --nodes');
    const given = Object.fromEntries(agreed.map((name) => [name, options[flagOf(name)]]));
    const { zk, root } = connection;
    const { values } = resolveOptions({
      commandLine: { ...given, zk, root },
      environment: process.env,
      used: [...agreed, 'zk', 'root'],
    });
    const { initializeCluster, proposedConfig } = await import('../../coordination/index.js');
    const initialize = () => {
      const initializing = initializeCluster(values.zk, values.root, proposedConfig(values), call.deadlineMs);
      return unlessGivenUp(initializing, call.signal, 'unknown');
    };
    const { config, created } = await reportWhile(output, () => `ZooKeeper at ${values.zk} has not answered yet`, initialize);
    const settings = agreed.map((name) => `--${flagOf(name)} ${config[name]}`).join(' ');
    const what = created ? 'is ready' : 'already exists with the same values';
    output.result(`cluster ${config.clusterId} ${what} under ${values.root}: start its nodes with ${settings}`, {
      created,
      root: values.root,
      config,
    });
    return exitCodes.ok;
  },
};

function optionOf(name: (typeof agreed)[number]): Options {
  const { description, default: value } = optionSpecs[name];
  return { type: 'string', requiresArg: true, describe: description, defaultDescription: String(value) };
}
