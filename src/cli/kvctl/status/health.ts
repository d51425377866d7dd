import { optionSpecs } from '../../../config/index.js';
import { KvError } from '../../../errors.js';
import { chooseTarget } from '../choose-target.js';
import { type Command, type CommandContext, expectOperands } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { unlessGivenUp } from '../give-up.js';
import { reportWhile } from '../waiting.js';
import type { HealthQuestion, NodeHealth } from './node-health.js';

/** The address of a node with default options on this machine. */
const defaultAddress = `localhost:${optionSpecs.port.default}`;

/**
 * For supervisors and container health checks: it queries the node itself, and neither ZooKeeper nor any other node.
 */
export const healthCommand: Command = {
  name: 'health',
  operands: '[HOST:PORT]',
  summary: `Check whether a node is ready: HOST:PORT, or every node of --nodes, or ${defaultAddress}`,
  isWrite: false,
  options: {
    live: { type: 'boolean', describe: 'Check only that the node is registered and not stopping; it may not be in sync yet' },
  },
  async run({ connection, operands, options, call, output }) {
    expectOperands(healthCommand, operands, 0, 1);
    const addresses = addressesOf(connection, operands[0]);
    const { checkNode } = await import('./node-health.js');
    const question = options.live === true ? 'live' : 'ready';
    const awaited = new Set(addresses);
    const ask = async (address: string): Promise<NodeHealth> => {
      const health = await checkNode(address, question, call.deadlineMs);
      awaited.delete(address);
      return health;
    };
    const describe = (): string => `${[...awaited].join(', ')} has not answered yet`;
    const nodes = await reportWhile(output, describe, () => unlessGivenUp(Promise.all(addresses.map(ask)), call.signal, 'no'));
    output.result(nodes.map((node) => render(node, question)).join('\n'), {
      nodes: nodes.map(({ address, healthy, problem }) => ({ address, [question]: healthy, problem })),
    });
    return nodes.every(({ healthy }) => healthy) ? exitCodes.ok : exitCodes.notServing;
  },
};

function render({ address, problem }: NodeHealth, question: HealthQuestion): string {
  return problem === undefined ? `${address} is ${question}` : `${address} is not ${question}: ${problem}`;
}

/** @throws KvError INVALID_OPTION */
function addressesOf({ nodes, zk, root }: CommandContext['connection'], operand: string | undefined): string[] {
  const named = operand ?? nodes;
  if (named === undefined && (zk !== undefined || root !== undefined))
    throw new KvError('INVALID_OPTION', 'health queries a node itself: pass HOST:PORT or --nodes, not --zk or --root');
  const target = chooseTarget({ nodes: named, zk: undefined, root: undefined }, process.env);
  return 'nodes' in target ? [...new Set(target.nodes)] : [defaultAddress];
}
