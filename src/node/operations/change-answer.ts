/**
 * The answers to operations that change keys by what is there: the core's answers become responses. change.ts has the way of the
 * requests.
 */
import type { Answer, KeyOperation, KeyResult } from '../../replication/index.js';
import { changes } from '../../wire/contract/change-messages.js';
import type { TransactResult } from '../../wire/contract/kv-api.js';
import type { KeyChange } from './change.js';
import type { AnswerSource } from './operation.js';

type Transacted = Extract<Answer, { kind: 'transacted' }>;

/** How long a key still exists that is due at this time of the shard; undefined: it is never due. */
type ExpiresIn = (expiresAtMs: number | undefined) => number | undefined;

export function encodeAnswer(
  { kind, transaction }: KeyChange,
  answer: Transacted,
  source: AnswerSource,
  expiresIn: ExpiresIn,
): Buffer {
  const { held, version, results } = answer;
  const executed = held ? transaction.operations : transaction.otherwise;
  if (kind !== 'transact') {
    const response = toResponse(executed[0]!, results[0]!, expiresIn);
    return (changes[kind].response as { encode(message: object): Buffer }).encode({ ...Object.values(response)[0], ...source });
  }
  const all = results.map((result, index) => toResponse(executed[index]!, result, expiresIn));
  return changes.transact.response.encode({ held, version, results: all, ...source });
}

const nodeId = '';
const nothing = Buffer.alloc(0);

function toResponse({ kind }: KeyOperation, result: KeyResult, expiresIn: ExpiresIn): TransactResult {
  const { value, version, previousVersion = 0, valueBytes = 0, existed = false } = result;
  const bytes = value === undefined ? nothing : Buffer.from(value.buffer, value.byteOffset, value.length);
  const previous = { found: value !== undefined, previousValue: bytes, previousVersion, version, nodeId };
  switch (kind) {
    case 'get': {
      const expiresInMs = expiresIn(result.expiresAtMs);
      return {
        get: { found: value !== undefined, value: bytes, version, nodeId, ...(expiresInMs !== undefined && { expiresInMs }) },
      };
    }
    case 'put':
      return { put: { version, nodeId } };
    case 'delete':
      return { delete: { existed: version > 0, version, nodeId } };
    case 'increment':
      return { increment: { value: bytes.toString('latin1'), version, nodeId } };
    case 'append':
      return { append: { version, valueBytes, nodeId } };
    case 'setRange':
      return { setRange: { version, valueBytes, nodeId } };
    case 'getAndSet':
      return { getAndSet: previous };
    case 'getAndDelete':
      return { getAndDelete: previous };
    case 'touch':
      return { touch: { found: existed, version, nodeId } };
    case 'persist':
      return { persist: { found: existed, hadTtl: version > 0, version, nodeId } };
  }
}
