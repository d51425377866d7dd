/** The one place where a log is given its form. */
import { isatty } from 'node:tty';
import { type Logger, pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { LogOutput, Losses } from './log-output.js';

const standardOutput = 1;

/** `format`: `json`, or `text` for one readable line per record with its fields behind the message. */
export function createLogger(level: string, format: string, output: LogOutput): Logger {
  const render = format === 'json' ? (line: string): string => line : textRenderer();
  output.onResumed((losses) => describeLosses(losses, render));
  // Without pid and host name: a service manager adds both, and by hand they are noise.
  return pino({ level, base: null }, { write: (line: string) => output.write(render(line)) });
}

function textRenderer(): (line: string) => string {
  return prettyFactory({ singleLine: true, colorize: isatty(standardOutput), translateTime: 'SYS:HH:MM:ss.l' });
}

/** A line like all others, which does not go to the output by itself: the output decides when it is written. */
function describeLosses({ lines, sinceMs, reason }: Losses, render: (line: string) => string): string {
  let text = '';
  const forMs = Date.now() - sinceMs;
  const logger = pino({ base: null }, { write: (line: string) => (text = render(line)) });
  logger.warn({ lines, forMs, reason }, 'log lines were dropped because they could not be written; writing works again');
  return text;
}
