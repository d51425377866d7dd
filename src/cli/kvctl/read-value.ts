/** Where the value of a put comes from: the command line, a file, or stdin. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { KvError } from '../../errors.js';
import { refuseReplacedBytes } from './command.js';

/**
 * `operand` is text, `@file`, or `-` for stdin; `literal` (from --value=) is text whatever it begins with.
 * @throws KvError INVALID_OPTION if both or neither are given, or the file cannot be read.
 */
export async function readValue(
  operand: string | undefined,
  literal: string | undefined,
  isStdinTaken: boolean,
): Promise<Uint8Array> {
  if (literal !== undefined) {
    if (operand !== undefined) throw new KvError('INVALID_OPTION', 'the value is given twice: as an argument and as --value');
    return textBytes(literal);
  }
  if (operand === undefined)
    throw new KvError('INVALID_OPTION', 'no value given; as an argument, @FILE, - for stdin, or --value=TEXT');
  if (operand === '-') return readStdin(isStdinTaken);
  return operand.startsWith('@') ? readValueFile(operand.slice(1)) : textBytes(operand);
}

function readStdin(isTaken: boolean): Promise<Uint8Array> {
  if (!isTaken) return buffer(process.stdin);
  throw new KvError('INVALID_OPTION', 'commands are read from stdin here, so no value can be; give it as @FILE');
}

function textBytes(text: string): Uint8Array {
  refuseReplacedBytes('value', text);
  return Buffer.from(text);
}

async function readValueFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KvError('INVALID_OPTION', `@${path} cannot be read: ${reason}; for a value that begins with @ use --value=`, {
      cause,
    });
  }
}
