import { setTimeout as pause } from 'node:timers/promises';
import { type Command, expectOperands } from '../command.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { defaultFailOn, exitCodeOfHealth, type FailOn, failOnLevels } from './fail-on.js';
import { gatherCluster } from './gather.js';

const watchMs = 1_000;
/** Moves the cursor to the top left and clears the screen and its scrollback. */
const clearScreen = '\x1b[H\x1b[2J\x1b[3J';

export const statusCommand: Command = {
  name: 'status',
  operands: '',
  summary: 'Show nodes, the shards that need attention, and warnings',
  isWrite: false,
  options: {
    all: { type: 'boolean', describe: 'Show every shard and replica, even healthy ones' },
    watch: { type: 'boolean', describe: 'Repeat every second until Ctrl-C; the exit code is then 0' },
    'fail-on': {
      type: 'string',
      requiresArg: true,
      choices: failOnLevels,
      // This is not a default for yargs: an option with a default would exclude --watch even if it was not typed.
      defaultDescription: defaultFailOn,
      conflicts: 'watch',
      describe: 'The least level at which the exit code is not 0: 7 if there are warnings, 8 if a shard does not serve',
    },
  },
  async run({ connect, operands, options, call, output }) {
    expectOperands(statusCommand, operands, 0);
    const { healthOf } = await import('./cluster-health.js');
    const { renderStatus, toJson } = await import('./status-report.js');
    const client = await connect();
    const look = async (before: string): Promise<ExitCode> => {
      // A watch shows every second which nodes do not answer, so nothing else has to report them.
      const view = await gatherCluster(client, call, options.watch === true ? undefined : output);
      if (!output.isJson) process.stdout.write(before);
      const health = healthOf(view);
      output.result(renderStatus(view, options.all === true), { health, ...toJson(view) });
      return exitCodeOfHealth(health, (options['fail-on'] as FailOn | undefined) ?? defaultFailOn);
    };
    if (options.watch !== true) return look('');
    const before = process.stdout.isTTY === true && process.env.TERM !== 'dumb' ? clearScreen : `${'─'.repeat(60)}\n`;
    for (;;) {
      try {
        await look(before);
        await pause(watchMs, undefined, { signal: call.signal });
      } catch (error) {
        // Only Ctrl-C ends a watch, since a cluster that does not answer may return.
        if (call.signal.aborted) return exitCodes.ok;
        output.failure(error, false);
        await pause(watchMs, undefined, { signal: call.signal }).catch(() => {});
      }
    }
  },
};
