/**
 * The one place where a log is given its form. Writing is synchronous: a transport in a worker thread would lose the
 * last lines before an exit, which are the ones somebody looks for.
 */
import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { build as prettyStream } from 'pino-pretty';

const standardOutput = 1;

export function createLogger(level: string, format: string): Logger {
  // Without pid and host name: a service manager adds both, and by hand they are noise.
  return pino({ level, base: null }, format === 'json' ? destination({ dest: standardOutput, sync: true }) : textStream());
}

/** One readable line per record, its fields behind the message. */
function textStream(): DestinationStream {
  return prettyStream({
    destination: standardOutput,
    sync: true,
    singleLine: true,
    colorize: process.stdout.isTTY === true,
    translateTime: 'SYS:HH:MM:ss.l',
  });
}
