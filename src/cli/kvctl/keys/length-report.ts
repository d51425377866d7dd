/** What `append` and `setrange` have in common. */
import type { Options } from 'yargs';
import type { LengthOutcome } from '../../../client/index.js';

export const maxBytesOption: Options = {
  type: 'string',
  requiresArg: true,
  describe: 'Refuse a whole value that is longer',
  defaultDescription: 'the limit of the node',
};

/** The result as text and as JSON. */
export function lengthReport(
  key: string,
  { valueBytes, version, nodeId }: LengthOutcome & { readonly nodeId: string },
): [text: string, json: object] {
  return [`${valueBytes} bytes at version ${version} (by ${nodeId})`, { key, valueBytes, version, nodeId }];
}
