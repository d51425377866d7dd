/**
 * Parses the usual command lines of kvctl without yargs, which takes longer to load than Node.js takes to start.
 *
 * A command line is plain if it is a frequent command with known options, as `--name VALUE`, `--name=VALUE` or
 * `--name`. yargs parses every other one, and thereby explains every mistake. A test compares the two parsers.
 */
import type { Options } from 'yargs';
import type { Command } from './command.js';
import { commonOptions } from './common-options.js';
import { commonOf, type Invocation } from './invocation.js';

type Known = Readonly<Record<string, Options>>;

const frequentCommands: Readonly<Record<string, () => Promise<Command>>> = {
  put: async () => (await import('./keys/put.js')).putCommand,
  get: async () => (await import('./keys/get.js')).getCommand,
  delete: async () => (await import('./keys/delete.js')).deleteCommand,
  increment: async () => (await import('./keys/increment.js')).incrementCommand,
  append: async () => (await import('./keys/append-command.js')).appendCommand,
  setrange: async () => (await import('./keys/setrange.js')).setrangeCommand,
  getset: async () => (await import('./keys/getset.js')).getsetCommand,
  getdel: async () => (await import('./keys/getdel.js')).getdelCommand,
  transact: async () => (await import('./keys/transact.js')).transactCommand,
  ttl: async () => (await import('./keys/ttl.js')).ttlCommand,
  touch: async () => (await import('./keys/touch.js')).touchCommand,
  persist: async () => (await import('./keys/persist.js')).persistCommand,
  mget: async () => (await import('./keys/mget.js')).mgetCommand,
  keys: async () => (await import('./keys/keys.js')).keysCommand,
  scan: async () => (await import('./keys/scan.js')).scanCommand,
  locate: async () => (await import('./keys/locate.js')).locateCommand,
  status: async () => (await import('./status/status.js')).statusCommand,
  health: async () => (await import('./status/health.js')).healthCommand,
  nodes: async () => (await import('./status/nodes.js')).nodesCommand,
};

/** Properties of an option that change nothing for a value that was given. An option with others, such as conflicts, is not plain. */
const harmless = new Set(['type', 'requiresArg', 'describe', 'default', 'defaultDescription']);
/** Words that mean something else at some places. */
const specialWords = new Set(['help', 'completion', 'true', 'false']);

/** @returns undefined if the command line is not plain. @throws KvError INVALID_OPTION */
export async function parsePlainCommandLine(args: readonly string[]): Promise<Invocation | undefined> {
  const given: Record<string, unknown> = {};
  const operands: string[] = [];
  let known: Known = commonOptions;
  let command: Command | undefined;
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    if (specialWords.has(word)) return undefined;
    if (!word.startsWith('-') || word === '-') {
      if (command !== undefined) operands.push(word);
      else command = await (Object.hasOwn(frequentCommands, word) ? frequentCommands[word]!() : undefined);
      if (command === undefined) return undefined;
      known = { ...commonOptions, ...command.options };
      continue;
    }
    const option = readOption(word, args[at + 1], known);
    if (option === undefined) return undefined;
    given[option.name] = option.value;
    if (option.isInNextWord) at += 1;
  }
  if (command === undefined) return undefined;
  const options = { ...defaultsOf(known), ...given };
  return { command, operands, options, ...commonOf(options) };
}

/** @returns undefined if the option is not plain. */
function readOption(word: string, next: string | undefined, known: Known) {
  const [, name = '', inWord] = /^--([a-z-]+)(?:=(.+))?$/s.exec(word) ?? [];
  const option = Object.hasOwn(known, name) && name !== 'command' ? known[name] : undefined;
  if (option === undefined || !Object.keys(option).every((property) => harmless.has(property))) return undefined;
  if (option.type === 'boolean') return inWord === undefined ? { name, value: true, isInNextWord: false } : undefined;
  const value = inWord ?? next;
  if (option.type !== 'string' || value === undefined || value === '' || value.startsWith('-') || specialWords.has(value))
    return undefined;
  return { name, value, isInNextWord: inWord === undefined };
}

function defaultsOf(known: Known): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(known).flatMap(([name, option]) => (option.default === undefined ? [] : [[name, option.default]])),
  );
}
