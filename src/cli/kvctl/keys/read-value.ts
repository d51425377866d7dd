/** Reads the value of a write from the command line, a file, or stdin. */
import { createReadStream } from 'node:fs';
import type { Options } from 'yargs';
import { KvError } from '../../../errors.js';
import { maxMessageBytes } from '../../../wire/contract/channel-options.js';
import { refuseReplacedBytes } from '../command.js';
import { unlessGivenUp } from '../give-up.js';

export const valueOption: Options = {
  type: 'string',
  requiresArg: true,
  describe: 'The value, if it begins with @ or --, or is - (--value=-)',
};

interface Sources {
  readonly isStdinTaken: boolean;
  readonly signal: AbortSignal;
}

/** What is read, as messages name it. */
type What = 'value' | 'transaction';

/**
 * `operand` is text, `@file`, or `-` for stdin; `literal` (from --value=) is always text, even if it begins with @ or
 * -.
 * @throws KvError INVALID_OPTION if both or neither are given, or the file cannot be read.
 */
export async function readValue(operand: string | undefined, literal: string | undefined, sources: Sources): Promise<Uint8Array> {
  if (literal !== undefined) {
    if (operand !== undefined) throw new KvError('INVALID_OPTION', 'the value is given twice: as an argument and as --value');
    return textBytes('value', literal);
  }
  if (operand === undefined)
    throw new KvError('INVALID_OPTION', 'no value given; as an argument, @FILE, - for stdin, or --value=TEXT');
  return readInput('value', operand, sources);
}

/** `operand` is text, `@file`, or `-` for stdin. @throws KvError INVALID_OPTION if it cannot be read. */
export async function readInput(what: What, operand: string, { isStdinTaken, signal }: Sources): Promise<Uint8Array> {
  if (operand === '-') return readStdin(what, isStdinTaken, signal);
  return operand.startsWith('@') ? readFile(what, operand.slice(1)) : textBytes(what, operand);
}

function readStdin(what: What, isTaken: boolean, signal: AbortSignal): Promise<Uint8Array> {
  if (!isTaken) return unlessGivenUp(readAll(what, process.stdin), signal, 'no');
  throw new KvError('INVALID_OPTION', `commands are read from stdin here, so no ${what} can be; pass it as @FILE`);
}

function textBytes(what: What, text: string): Uint8Array {
  refuseReplacedBytes(what, text);
  return Buffer.from(text);
}

async function readFile(what: What, path: string): Promise<Uint8Array> {
  try {
    return await readAll(what, createReadStream(path));
  } catch (cause) {
    if (cause instanceof KvError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const remedy = what === 'value' ? '; for a value that begins with @ use --value=' : '';
    throw new KvError('INVALID_OPTION', `@${path} cannot be read: ${reason}${remedy}`, { cause });
  }
}

/** Stops reading beyond the size limit, since a stream may never end (`yes | kvctl put k -`). */
async function readAll(what: What, source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxMessageBytes)
      throw new KvError('MESSAGE_TOO_LARGE', `the ${what} has more than the ${maxMessageBytes} bytes that fit a message`, {
        executed: 'no',
      });
  }
  return Buffer.concat(chunks);
}
