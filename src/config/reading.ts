/** The result of reading a text that a person wrote: its value, or the reason why it is refused. */
import { KvError } from '../errors.js';

/** `refusal` is the end of a sentence, such as "must be host:port ...". */
export type Reading<Value> =
  | { readonly value: Value; readonly refusal?: undefined }
  | { readonly value?: undefined; readonly refusal: string };

/**
 * The value that `read` finds in `text`.
 * @param label names the option or variable that held the text.
 * @throws KvError INVALID_OPTION: `label: "text" must be ...`
 */
export function accepted<Value>(label: string, text: string, read: (text: string) => Reading<Value>): Value {
  const { value, refusal } = read(text);
  if (refusal === undefined) return value;
  throw refusedOption(label, text, refusal);
}

export function refusedOption(label: string, value: unknown, reason: string): KvError {
  return new KvError('INVALID_OPTION', `${label}: ${JSON.stringify(value)} ${reason}`);
}
