import { resolveOptions } from '../../config/index.js';
import { KvError } from '../../errors.js';
import { type Command, type CommandContext, expectOperands } from './command.js';
import { exitCodes } from './exit-codes.js';
import { unlessGivenUp } from './give-up.js';
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
    const { renderFinished, renderFormats } = await import('./upgrade-report.js');
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
