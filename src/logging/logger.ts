/** Creates loggers. No other file decides the format of the log. */
import { isatty } from 'node:tty';
import { type Logger, pino } from 'pino';
import type { LogOutput, Losses } from './log-output.js';

const standardOutput = 1;

/** @param format `json`, or `text` for one readable line per record, with the fields after the message. */
export async function createLogger(level: string, format: string, output: LogOutput): Promise<Logger> {
  const render = format === 'json' ? (line: string): string => line : await textRenderer();
  output.onResumed((losses) => describeLosses(losses, render));
  // Without pid and host name: a service manager adds both, and in a terminal they are noise.
  return pino({ level, base: null }, { write: (line: string) => output.write(render(line)) });
}

/** A node that writes JSON does not load the code. */
async function textRenderer(): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({ singleLine: true, colorize: isatty(standardOutput), translateTime: 'SYS:HH:MM:ss.l' });
}

/** Formats the line that reports losses. It only returns the line, because the output decides when to write it. */
function describeLosses({ lines, sinceMs, reason }: Losses, render: (line: string) => string): string {
  let text = '';
  const forMs = Date.now() - sinceMs;
  const logger = pino({ base: null }, { write: (line: string) => (text = render(line)) });
  logger.warn({ lines, forMs, reason }, 'log lines were dropped because they could not be written; writing works again');
  return text;
}
