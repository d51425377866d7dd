/** Every command of kvctl, in the order of the help. */
import type { Command } from './command.js';
import { canStopCommand } from './drain/can-stop.js';
import { drainCommand } from './drain/drain.js';
import { undrainCommand } from './drain/undrain.js';
import { forcePrimaryCommand } from './force/force-primary.js';
import { initCommand } from './init.js';
import { appendCommand } from './keys/append-command.js';
import { deleteCommand } from './keys/delete.js';
import { deletePrefixCommand } from './keys/delete-prefix.js';
import { getCommand } from './keys/get.js';
import { getdelCommand } from './keys/getdel.js';
import { getsetCommand } from './keys/getset.js';
import { incrementCommand } from './keys/increment.js';
import { keysCommand } from './keys/keys.js';
import { locateCommand } from './keys/locate.js';
import { mgetCommand } from './keys/mget.js';
import { persistCommand } from './keys/persist.js';
import { putCommand } from './keys/put.js';
import { scanCommand } from './keys/scan.js';
import { setrangeCommand } from './keys/setrange.js';
import { touchCommand } from './keys/touch.js';
import { transactCommand } from './keys/transact.js';
import { ttlCommand } from './keys/ttl.js';
import { stateCheckCommand } from './state/check.js';
import { stateConvertCommand } from './state/convert.js';
import { healthCommand } from './status/health.js';
import { infoCommand } from './status/info.js';
import { nodesCommand } from './status/nodes.js';
import { statusCommand } from './status/status.js';
import { dumpCommand } from './transfer/dump.js';
import { restoreCommand } from './transfer/restore.js';
import { upgradeCommand } from './upgrade.js';

export const commands: readonly Command[] = [
  ...[putCommand, getCommand, deleteCommand, incrementCommand, mgetCommand, keysCommand, locateCommand],
  ...[scanCommand, deletePrefixCommand],
  ...[appendCommand, setrangeCommand, getsetCommand, getdelCommand, transactCommand],
  ...[ttlCommand, touchCommand, persistCommand],
  ...[statusCommand, healthCommand, nodesCommand, infoCommand, dumpCommand, restoreCommand, initCommand, upgradeCommand],
  ...[drainCommand, undrainCommand, canStopCommand],
  ...[stateCheckCommand, stateConvertCommand, forcePrimaryCommand],
];
