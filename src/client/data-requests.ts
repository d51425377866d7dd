/** The get, put and delete of the public API as requests on the wire, with their arguments checked, and results as it returns them. */
import { KvError } from '../errors.js';
import type { DataRequest } from '../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../wire/pipeline/pipeline-results.js';
import { checkKey, checkTtlArgument, checkVersion, toValueBytes } from './arguments.js';
import type {
  DeleteOptions,
  DeleteResult,
  GetResult,
  PutResult,
  WriteCondition,
  WriteDurability,
  WriteExpiry,
} from './results.js';

export type PutDataRequest = Extract<DataRequest, { kind: 'put' }>;

export function getRequest(key: string): DataRequest {
  checkKey(key);
  return { kind: 'get', key };
}

export function putRequest(
  key: string,
  value: string | Uint8Array,
  options: WriteCondition & WriteExpiry & WriteDurability,
): PutDataRequest {
  checkKey(key);
  const { ifVersion, ifValue } = conditionFields(options, 0);
  const { ttlMs, keepTtl } = expiryFields(options);
  return { kind: 'put', key, value: toValueBytes(value), ifVersion, ifValue, ttlMs, keepTtl, sync: options.sync };
}

export function deleteRequest(key: string, options: DeleteOptions): DataRequest {
  checkKey(key);
  const { ifVersion, ifValue } = conditionFields(options, 1);
  return { kind: 'delete', key, ifVersion, ifValue, sync: options.sync };
}

/** Of a request without any: nearly all. */
const noFields = {};

interface ConditionFields {
  readonly ifVersion?: number;
  readonly ifValue?: Uint8Array;
}

/** @throws KvError INVALID_ARGUMENT */
export function conditionFields({ ifVersion, ifAbsent, ifValue }: WriteCondition, lowest: 0 | 1): ConditionFields {
  if (ifVersion === undefined && ifValue === undefined && !ifAbsent) return noFields;
  if (ifAbsent && ((ifVersion !== undefined && ifVersion !== 0) || ifValue !== undefined))
    throw new KvError('INVALID_ARGUMENT', `ifAbsent contradicts ${ifValue === undefined ? `ifVersion ${ifVersion}` : 'ifValue'}`);
  if (ifVersion !== undefined) checkVersion(ifVersion, lowest);
  const version = ifAbsent ? 0 : ifVersion;
  return {
    ...(version === undefined ? {} : { ifVersion: version }),
    ...(ifValue === undefined ? {} : { ifValue: toValueBytes(ifValue) }),
  };
}

interface ExpiryFields {
  readonly ttlMs?: number;
  readonly keepTtl?: boolean;
}

/** @throws KvError INVALID_ARGUMENT */
export function expiryFields({ ttlMs, keepTtl }: WriteExpiry): ExpiryFields {
  if (ttlMs === undefined) return keepTtl ? { keepTtl } : noFields;
  if (keepTtl) throw new KvError('INVALID_ARGUMENT', 'keepTtl contradicts ttlMs');
  checkTtlArgument(ttlMs);
  return { ttlMs };
}

export function toGetResult({ found, value, version, nodeId, expiresInMs }: DataResult): GetResult | undefined {
  return found ? { value, version, nodeId, expiresInMs } : undefined;
}

export function toPutResult({ version, nodeId }: DataResult): PutResult {
  return { version, nodeId };
}

export function toDeleteResult({ found, version, nodeId }: DataResult): DeleteResult {
  return { existed: found, version, nodeId };
}
