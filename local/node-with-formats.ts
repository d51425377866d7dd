/**
 * A kvnode that supports other formats than its version does. Tests of upgrades run it as the version before or after:
 * `node node-with-formats.js OLDEST NEWEST [options of kvnode]`. A format that does not exist differs from the present
 * one only in its number.
 */
import { runNode } from '../src/cli/run-node.js';
import { StopSignals } from '../src/cli/stop-signals.js';

const [oldest = Number.NaN, newest = Number.NaN] = process.argv.splice(2, 2).map(Number);
if (!(oldest <= newest)) throw new Error('the first two arguments are the oldest and the newest format');
await runNode(new StopSignals(), { oldest, newest });
