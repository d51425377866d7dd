/** Parses one raw value, from any source, into the type of its option. */
import { flagOf, type OptionName, optionSpecs } from './option-specs.js';
import type { IntegerSpec, OptionalIntegerSpec, OptionSpec, SizeSpec, StringSpec } from './option-types.js';
import { refusedOption } from './reading.js';

export interface RawOption {
  readonly name: OptionName;
  readonly value: unknown;
  /** The place where the user set the option, for messages: `--port`, `KVNODE_PORT` or `port in kvnode.json`. */
  readonly label: string;
}

/** @throws KvError INVALID_OPTION naming the option, the value received and the reason. */
export function parseValue(raw: RawOption): string | number | boolean {
  const spec: OptionSpec = optionSpecs[raw.name];
  if (spec.type === 'size') return parseSize(raw, spec);
  if (spec.type === 'flag') return parseFlag(raw);
  return spec.type === 'integer' ? parseInteger(raw, spec) : parseString(raw, spec);
}

function parseInteger(raw: RawOption, spec: IntegerSpec | OptionalIntegerSpec): number {
  const unit = spec.unit === undefined ? '' : ` (${spec.unit === 'ms' ? 'milliseconds' : spec.unit})`;
  const range = `must be a whole number from ${spec.minimum} to ${spec.maximum}${unit}`;
  // Digits only: Number() would also take '', '0x10' and '1e3'.
  const text = typeof raw.value === 'number' ? String(raw.value) : raw.value;
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text)) throw refusedOption(raw.label, raw.value, range);
  const value = Number(text);
  if (value < spec.minimum || value > spec.maximum) throw refusedOption(raw.label, raw.value, range);
  return value;
}

const unitBytes: Readonly<Record<string, number>> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

function parseSize(raw: RawOption, spec: SizeSpec): number {
  const text = typeof raw.value === 'number' ? String(raw.value) : raw.value;
  const [, digits, unit = ''] = (typeof text === 'string' && /^(\d{1,15})(KiB|MiB|GiB)?$/.exec(text)) || [];
  const value = Number(digits) * unitBytes[unit]!;
  if (value >= spec.minimum && value <= spec.maximum) return value;
  throw refusedOption(raw.label, raw.value, `must be a size such as 4GiB, 512MiB or a number of bytes, from ${spec.minimum} on`);
}

function parseFlag({ label, value }: RawOption): boolean {
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  throw refusedOption(label, value, 'must be true or false');
}

function parseString(raw: RawOption, spec: StringSpec): string {
  if (typeof raw.value !== 'string') throw refusedOption(raw.label, raw.value, 'must be a text');
  if (raw.value === '') throw refusedOption(raw.label, raw.value, 'must not be empty');
  if (spec.choices !== undefined && !spec.choices.includes(raw.value))
    throw refusedOption(raw.label, raw.value, `must be one of ${spec.choices.join(', ')}`);
  const reason = spec.refusal?.(raw.value);
  if (reason !== undefined) throw refusedOption(raw.label, spec.isSecret === true ? '...' : raw.value, reason);
  return spec.canonical?.(raw.value) ?? raw.value;
}

/** The label of an option that no source sets. */
export function defaultLabel(name: OptionName): string {
  return `--${flagOf(name)} (default)`;
}
