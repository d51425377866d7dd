/** The option with which a single write is flushed before it is reported as done. */
import type { Options } from 'yargs';
import type { WriteDurability } from '../../../client/index.js';
import type { CommandContext } from '../command.js';

export const syncOption: Readonly<Record<'sync', Options>> = {
  sync: {
    type: 'boolean',
    describe: 'Wait until every in-sync replica has flushed the write to disk, also with --durability interval',
  },
};

export function syncOf({ sync }: CommandContext['options']): WriteDurability {
  return sync === true ? { sync } : {};
}
