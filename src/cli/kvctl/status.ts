import { setTimeout as pause } from 'node:timers/promises';
import { defaultFailOn, exitCodeOfHealth, type FailOn, failOnLevels, healthOf } from './cluster-health.js';
import { type Command, expectOperands } from './command.js';
import { type ExitCode, exitCodes } from './exit-codes.js';
import { gatherCluster } from './gather.js';
import { renderStatus, toJson } from './status-report.js';

const watchMs = 1_000;
/** Cursor to the top left, and what was there before is gone: without the flicker of clearing first. */
const clearScreen = '\x1b[H\x1b[2J\x1b[3J';

export const statusCommand: Command = {
  name: 'status',
  operands: '',
  summary: 'Show nodes, the shards that need attention, and warnings',
  isWrite: false,
  options: {
    all: { type: 'boolean', describe: 'Show every shard and replica, also healthy ones' },
    watch: { type: 'boolean', describe: 'Repeat every second until Ctrl-C; the exit code is then 0' },
    'fail-on': {
      type: 'string',
      requiresArg: true,
      choices: failOnLevels,
      // No default of yargs: an option that has one would exclude --watch even if it was not typed.
      defaultDescription: defaultFailOn,
      conflicts: 'watch',
      describe: 'The level from which the exit code is not 0: 7 if there are warnings, 8 if a shard does not serve',
    },
  },
  async run({ connect, operands, options, call, output }) {
    expectOperands(statusCommand, operands, 0);
    const client = await connect();
    const look = async (before: string): Promise<ExitCode> => {
      // A watch shows every second who does not answer.
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
        // A watch ends by Ctrl-C only: a cluster without an answer may come back.
        if (call.signal.aborted) return exitCodes.ok;
        output.failure(error, false);
        await pause(watchMs, undefined, { signal: call.signal }).catch(() => {});
      }
    }
  },
};
