/** What a command line asks for, whichever parser has read it. */
import { type Command, wholeNumber } from './command.js';
import { defaultDeadlineMs } from './common-options.js';
import type { ConnectionOptions } from './named-nodes.js';

export interface Common {
  readonly connection: ConnectionOptions;
  readonly json: boolean;
  readonly deadlineMs: number;
}

export interface Invocation extends Common {
  readonly command: Command;
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** No command was given: kvctl reads commands from the terminal or stdin, or runs `text` as one line. */
export interface ShellInvocation extends Common {
  readonly command: undefined;
  readonly text: string | undefined;
}

/** @param options by their names on the command line. @throws KvError INVALID_OPTION */
export function commonOf(options: Readonly<Record<string, unknown>>): Common {
  const text = (name: string): string | undefined => options[name] as string | undefined;
  return {
    connection: { nodes: text('nodes'), zk: text('zk'), root: text('root') },
    json: options.json === true,
    deadlineMs: wholeNumber(options, 'deadline-ms', 1) ?? defaultDeadlineMs,
  };
}
