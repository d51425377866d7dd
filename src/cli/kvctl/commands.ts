/** Every command of kvctl, in the order of the help. */
import type { Command } from './command.js';
import { deleteCommand } from './delete.js';
import { dumpCommand } from './dump.js';
import { forcePrimaryCommand } from './force-primary.js';
import { getCommand } from './get.js';
import { healthCommand } from './health.js';
import { incrementCommand } from './increment.js';
import { infoCommand } from './info.js';
import { initCommand } from './init.js';
import { keysCommand } from './keys.js';
import { locateCommand } from './locate.js';
import { mgetCommand } from './mget.js';
import { nodesCommand } from './nodes.js';
import { putCommand } from './put.js';
import { restoreCommand } from './restore.js';
import { statusCommand } from './status.js';

export const commands: readonly Command[] = [
  ...[putCommand, getCommand, deleteCommand, incrementCommand, mgetCommand, keysCommand, locateCommand],
  ...[statusCommand, healthCommand, nodesCommand, infoCommand, dumpCommand, restoreCommand, initCommand, forcePrimaryCommand],
];
