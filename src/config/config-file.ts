/** Reads the `--config` file: one JSON object whose keys are the flags of the command line, without the dashes. */
import { readFileSync } from 'node:fs';
import { KvError } from '../errors.js';
import { flagOf, flagsOf, optionNames } from './option-specs.js';
import type { RawOption } from './parse-value.js';

/**
 * @throws KvError INVALID_OPTION if it cannot be read, is not such an object, or holds a key that is not an option.
 */
export function readConfigFile(path: string): RawOption[] {
  return readConfigText(path, readText(path));
}

function readConfigText(path: string, text: string): RawOption[] {
  const content = parseJson(path, text);
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw new KvError('INVALID_OPTION', `--config: ${path} must hold one JSON object, such as {"port": 9091}`);
  return Object.entries(content).map(([key, value]) => {
    const name = optionNames.find((candidate) => flagsOf(candidate).includes(key));
    if (name === undefined) throw unknownKey(path, key);
    return { name, value, label: `${key} in ${path}` };
  });
}

/** Some editors, mostly on Windows, begin a file with a byte order mark. */
const byteOrderMark = '\ufeff';

function readText(path: string): string {
  try {
    const text = readFileSync(path, 'utf8');
    return text.startsWith(byteOrderMark) ? text.slice(byteOrderMark.length) : text;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KvError('INVALID_OPTION', `--config: ${path} cannot be read: ${reason}`, { cause });
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new KvError('INVALID_OPTION', `--config: ${path} is not JSON: ${reason}`, { cause });
  }
}

function unknownKey(path: string, key: string): KvError {
  const known = optionNames.map(flagOf).join(', ');
  return new KvError('INVALID_OPTION', `--config: "${key}" in ${path} is not an option; the options are ${known}`);
}
