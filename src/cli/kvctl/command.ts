/** The interface of a kvctl command: its words, its options, and one function that calls the cluster and prints. */
import type { Options } from 'yargs';
import type { KvClient } from '../../client/index.js';
import { KvError } from '../../errors.js';
import type { ExitCode } from './exit-codes.js';
import type { ConnectionOptions } from './named-nodes.js';
import type { Output } from './output.js';

export interface CommandContext {
  /** Connects at the first call, so that a mistake on the command line is reported without a cluster. */
  readonly connect: () => Promise<KvClient>;
  /** The words after the command, as typed: never converted to numbers, with their quotes. */
  readonly operands: readonly string[];
  /** Values of the command's own options, by their name on the command line. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The options of each call: its deadline, and the signal that Ctrl-C aborts. */
  readonly call: { readonly deadlineMs: number; readonly signal: AbortSignal };
  /** The connection options as typed, for commands that need ZooKeeper itself. */
  readonly connection: ConnectionOptions;
  /** True if commands are read from stdin, so that no value can be. */
  readonly isStdinTaken: boolean;
  readonly output: Output;
}

export interface Command {
  /** One or two words: `put`, `shard force-primary`. */
  readonly name: string;
  /** The operands as the help shows them. */
  readonly operands: string;
  readonly summary: string;
  /** Further text of its help. */
  readonly details?: string;
  readonly options: Readonly<Record<string, Options>>;
  /** Whether an error may leave the data changed. */
  readonly isWrite: boolean;
  run(context: CommandContext): Promise<ExitCode>;
}

export const ifVersionOption: Options = {
  type: 'string',
  requiresArg: true,
  describe: 'Only if the key is at this version',
};

export const ifValueOption: Options = {
  type: 'string',
  requiresArg: true,
  describe: 'Only if the key has this value: text, taken as it is',
};

/** @throws KvError INVALID_OPTION */
export function valueConditionOf(options: CommandContext['options']): { readonly ifValue?: string } {
  const { 'if-value': ifValue } = options;
  if (ifValue === undefined) return {};
  refuseReplacedBytes('--if-value', String(ifValue));
  return { ifValue: String(ifValue) };
}

/**
 * Node.js replaces invalid UTF-8 on a command line, which would merge different keys and change values.
 * @throws KvError INVALID_OPTION
 */
export function refuseReplacedBytes(what: 'key' | 'value' | 'transaction' | `--${string}`, text: string): void {
  if (!text.includes('\uFFFD')) return;
  const remedy = what === 'value' || what === 'transaction' ? '; pass it as @FILE or through stdin' : '';
  throw new KvError('INVALID_OPTION', `the ${what} is not valid UTF-8, or holds U+FFFD, which looks the same here${remedy}`);
}

/** The key of a command that takes one. @throws KvError INVALID_OPTION */
export function keyOperand(operands: readonly string[]): string {
  const [key = ''] = operands;
  refuseReplacedBytes('key', key);
  return key;
}

/** @throws KvError INVALID_OPTION unless there are between `least` and `most` operands. */
export function expectOperands(command: Command, operands: readonly string[], least: number, most = least): void {
  if (operands.length >= least && operands.length <= most) return;
  throw new KvError('INVALID_OPTION', `usage: kvctl ${command.name} ${command.operands}; ${operands.length} given`);
}

/** @throws KvError INVALID_OPTION unless the option, if given, is a whole number from `minimum` on. */
export function wholeNumber(options: CommandContext['options'], name: string, minimum: number): number | undefined {
  const value = options[name];
  return value === undefined ? undefined : parseWholeNumber(`--${name}`, String(value), minimum);
}

/** @throws KvError INVALID_OPTION unless the text is a whole number from `minimum` on. */
export function parseWholeNumber(label: string, text: string, minimum: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= minimum) return value;
  throw new KvError('INVALID_OPTION', `${label}: "${text}" must be a whole number from ${minimum}`);
}
