/** Moves the data of a stopped node from one kind of state store to another. */
import { KvError } from '../../../errors.js';
import type { Conversion } from '../../../node/conversion/convert-folder.js';
import { type Command, expectOperands } from '../command.js';
import { exitCodes } from '../exit-codes.js';
import { grouped } from '../figures.js';
import { TransferProgress } from '../transfer/transfer-progress.js';

const kinds = ['memory', 'lmdb', 'postgres'] as const;

export const stateConvertCommand: Command = {
  name: 'state convert',
  operands: '',
  summary: 'Move the data of a stopped node into another kind of state store',
  details:
    'Works on the data directory of a node on this machine, without the cluster. Then start the node with the same --state. If the command ' +
    'is interrupted, the data is as it was; run it again. docs/state-stores.md describes the change of a state store.',
  isWrite: false,
  options: {
    'data-dir': { type: 'string', requiresArg: true, describe: 'The data directory of the node' },
    to: { type: 'string', requiresArg: true, describe: `The new kind: ${kinds.join(', ')}` },
    postgres: {
      type: 'string',
      requiresArg: true,
      describe: 'URL of the database, if the data is in PostgreSQL or goes there; also from KVNODE_POSTGRES',
    },
  },
  async run({ operands, options, output }) {
    expectOperands(stateConvertCommand, operands, 0);
    const path = options['data-dir'] as string | undefined;
    if (path === undefined) throw new KvError('INVALID_OPTION', 'state convert needs --data-dir');
    const to = kinds.find((kind) => kind === options.to);
    if (to === undefined) throw new KvError('INVALID_OPTION', `state convert needs --to ${kinds.join(', --to ')}`);
    const { pino } = await import('pino');
    const { convertFolder } = await import('../../../node/conversion/convert-folder.js');
    const url = (options.postgres as string | undefined) ?? process.env.KVNODE_POSTGRES;
    const progress = new TransferProgress('converted', 0, output);
    try {
      const done = await convertFolder({
        path,
        to,
        url,
        logger: pino({ level: 'silent' }),
        onKeys: (keys) => progress.add(keys, 0),
      });
      progress.close();
      output.result(renderConversion(done), done);
      return exitCodes.ok;
    } finally {
      progress.close();
    }
  },
};

const otherServer =
  '. To move it to another PostgreSQL, copy the database with pg_dump and psql, and start the node with the new --postgres';

function renderConversion({ nodeId, from, to, copies, keys }: Conversion): string {
  if (from === to)
    return `the data of node ${nodeId} is in ${to} already; nothing was converted${to === 'postgres' ? otherServer : ''}`;
  const moved = `converted ${copies} copies with ${grouped(keys)} keys of node ${nodeId} from ${from} to ${to}`;
  const left =
    from === 'postgres' ? '\nthe rows in PostgreSQL are still there: drop the tables when they are not needed any more' : '';
  return `${moved}; the log has what follows them. Start the node with --state ${to}${left}`;
}
