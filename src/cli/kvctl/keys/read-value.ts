/** Reads the value of a put from the command line, a file, or stdin. */
import { createReadStream } from 'node:fs';
import { KvError } from '../../../errors.js';
import { maxMessageBytes } from '../../../wire/contract/channel-options.js';
import { refuseReplacedBytes } from '../command.js';
import { unlessGivenUp } from '../give-up.js';

/**
 * `operand` is text, `@file`, or `-` for stdin; `literal` (from --value=) is always text, even if it begins with @ or
 * -.
 * @throws KvError INVALID_OPTION if both or neither are given, or the file cannot be read.
 */
export async function readValue(
  operand: string | undefined,
  literal: string | undefined,
  { isStdinTaken, signal }: { isStdinTaken: boolean; signal: AbortSignal },
): Promise<Uint8Array> {
  if (literal !== undefined) {
    if (operand !== undefined) throw new KvError('INVALID_OPTION', 'the value is given twice: as an argument and as --value');
    return textBytes(literal);
  }
  if (operand === undefined)
    throw new KvError('INVALID_OPTION', 'no value given; as an argument, @FILE, - for stdin, or --value=TEXT');
  if (operand === '-') return readStdin(isStdinTaken, signal);
  return operand.startsWith('@') ? readValueFile(operand.slice(1)) : textBytes(operand);
}

function readStdin(isTaken: boolean, signal: AbortSignal): Promise<Uint8Array> {
  if (!isTaken) return unlessGivenUp(readAll(process.stdin), signal, 'no');
  throw new KvError('INVALID_OPTION', 'commands are read from stdin here, so no value can be; pass it as @FILE');
}

function textBytes(text: string): Uint8Array {
  refuseReplacedBytes('value', text);
  return Buffer.from(text);
}

async function readValueFile(path: string): Promise<Uint8Array> {
  try {
    return await readAll(createReadStream(path));
  } catch (cause) {
    if (cause instanceof KvError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KvError('INVALID_OPTION', `@${path} cannot be read: ${reason}; for a value that begins with @ use --value=`, {
      cause,
    });
  }
}

/** Stops reading beyond the size limit, since a stream may never end (`yes | kvctl put k -`). */
async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxMessageBytes)
      throw new KvError('MESSAGE_TOO_LARGE', `the value has more than the ${maxMessageBytes} bytes that fit a message`, {
        executed: 'no',
      });
  }
  return Buffer.concat(chunks);
}
