import { resolveOptions } from '../../config/index.js';
import type { ClusterFormats, FinishedUpgrade } from '../../coordination/index.js';
import { KvError } from '../../errors.js';
import { formatsText } from '../../formats.js';
import { type Command, type CommandContext, expectOperands } from './command.js';
import { exitCodes } from './exit-codes.js';
import { unlessGivenUp } from './give-up.js';
import { plainTable } from './tables.js';
import { reportWhile } from './waiting.js';

export const upgradeCommand: Command = {
  name: 'upgrade',
  operands: '',
  summary: 'Show the format that the cluster uses and those that its nodes support; --finish takes the newer one into use',
  details:
    'Nodes of two versions of kvnode can form one cluster until the upgrade is finished: they use the older format, and every ' +
    'node can go back to the older version. After --finish, nodes of the older version are refused. docs/operations.md ' +
    'describes an upgrade step by step.',
  isWrite: true,
  options: {
    finish: { type: 'boolean', describe: 'Take the newer format into use. Refused until every node supports it; final' },
  },
  async run(context) {
    const { connection, operands, options, output } = context;
    expectOperands(upgradeCommand, operands, 0);
    if (connection.nodes !== undefined)
      throw new KvError('INVALID_OPTION', 'upgrade connects to ZooKeeper: pass --zk, not --nodes');
    const { readClusterFormats, finishUpgrade } = await import('../../coordination/index.js');
    if (options.finish === true) {
      const finished = await inZookeeper(context, 'unknown', finishUpgrade);
      output.result(renderFinished(finished), { finished: true, before: finished.before, ...finished.cluster });
    } else {
      const cluster = await inZookeeper(context, 'no', readClusterFormats);
      output.result(renderFormats(cluster), { finished: false, ...cluster });
    }
    return exitCodes.ok;
  },
};

type Place = Parameters<typeof import('../../coordination/index.js').finishUpgrade>[0];

function inZookeeper<Result>(
  { connection: { zk, root }, call, output }: CommandContext,
  executed: 'no' | 'unknown',
  work: (place: Place) => Promise<Result>,
): Promise<Result> {
  const { values } = resolveOptions({ commandLine: { zk, root }, environment: process.env, used: ['zk', 'root'] });
  const place = { zk: values.zk, root: values.root, timeoutMs: call.deadlineMs };
  return reportWhile(
    output,
    () => `ZooKeeper at ${values.zk} has not answered yet`,
    () => unlessGivenUp(work(place), call.signal, executed),
  );
}

function renderFormats(cluster: ClusterFormats): string {
  return [`cluster ${cluster.clusterId} uses format ${cluster.inUse}`, nodeTable(cluster), nextStep(cluster)].join('\n\n');
}

function nodeTable({ nodes }: ClusterFormats): string {
  const table = plainTable(['node', 'version', 'supports']);
  for (const { nodeId, kvnodeVersion, formats } of nodes)
    table.push([nodeId, kvnodeVersion ?? '-', formats === undefined ? 'not known' : formatsText(formats)]);
  return table.toString();
}

function nextStep({ inUse, newest, nodes, behind }: ClusterFormats): string {
  if (nodes.length === 0) return 'no node is registered';
  if (newest === inUse) return 'no node supports a newer format: there is no upgrade to finish';
  if (behind.length === 0)
    return `every node supports format ${newest}: "kvctl upgrade --finish" takes it into use; until then every node can go back to the older version`;
  const names = behind.map(({ nodeId }) => nodeId).join(', ');
  return `to be upgraded before format ${newest} can be taken into use: ${names}`;
}

function renderFinished({ before, cluster }: FinishedUpgrade): string {
  const { clusterId, inUse, behind } = cluster;
  const done = `cluster ${clusterId} uses format ${inUse} from now on (before: ${before}); nodes that do not support it are refused`;
  if (behind.length === 0) return done;
  const names = behind.map(({ nodeId }) => nodeId).join(', ');
  return `${done}\nregistered meanwhile, and serving nothing until they are upgraded: ${names}`;
}
