/** What `getset` and `getdel` have in common: they print the value that was there, as `get` does. */
import type { Options } from 'yargs';
import type { ReplacedOutcome } from '../../../client/index.js';
import { jsonValue } from '../../../wire/json/json-value.js';
import type { Output } from '../output.js';

export const rawOption: Options = {
  type: 'boolean',
  describe: 'Print the bytes of the value and nothing else',
  conflicts: 'json',
};

export interface Replaced {
  readonly key: string;
  readonly outcome: ReplacedOutcome & { readonly nodeId: string };
  readonly isRaw: boolean;
  /** What has become of the key, for people. */
  readonly remark: string;
}

export function reportReplaced(output: Output, { key, outcome, isRaw, remark }: Replaced): void {
  const { previous, version, nodeId } = outcome;
  if (previous === undefined) {
    if (!isRaw) output.remark(remark);
    return output.noResult({ key, found: false, version, nodeId });
  }
  if (isRaw) return output.rawValue(previous.value);
  const before = { ...jsonValue(previous.value), version: previous.version };
  output.value('', previous.value, { key, found: true, previous: before, version, nodeId });
  output.remark(`that was version ${previous.version}; ${remark}`);
}
