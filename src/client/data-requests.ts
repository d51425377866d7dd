/** The get, put and delete of the public API as requests on the wire, with their arguments checked, and results as it returns them. */
import { KvError } from '../errors.js';
import type { DataRequest } from '../wire/pipeline/pipeline-operations.js';
import type { DataResult } from '../wire/pipeline/pipeline-results.js';
import { checkKey, checkVersion, toValueBytes } from './arguments.js';
import type { DeleteOptions, DeleteResult, GetResult, PutResult, WriteCondition } from './results.js';

export type PutDataRequest = Extract<DataRequest, { kind: 'put' }>;

export function getRequest(key: string): DataRequest {
  checkKey(key);
  return { kind: 'get', key };
}

export function putRequest(key: string, value: string | Uint8Array, { ifVersion, ifAbsent }: WriteCondition): PutDataRequest {
  checkKey(key);
  if (ifAbsent && ifVersion !== undefined && ifVersion !== 0)
    throw new KvError('INVALID_ARGUMENT', `ifAbsent contradicts ifVersion ${ifVersion}`);
  if (ifVersion !== undefined) checkVersion(ifVersion, 0);
  return { kind: 'put', key, value: toValueBytes(value), ifVersion: ifAbsent ? 0 : ifVersion };
}

export function deleteRequest(key: string, { ifVersion }: DeleteOptions): DataRequest {
  checkKey(key);
  if (ifVersion !== undefined) checkVersion(ifVersion, 1);
  return { kind: 'delete', key, ifVersion };
}

export function toGetResult({ found, value, version, nodeId }: DataResult): GetResult | undefined {
  return found ? { value, version, nodeId } : undefined;
}

export function toPutResult({ version, nodeId }: DataResult): PutResult {
  return { version, nodeId };
}

export function toDeleteResult({ found, version, nodeId }: DataResult): DeleteResult {
  return { existed: found, version, nodeId };
}
