/** The public entry of the client library. */

export type { CallOptions } from './call-limits.js';
export type { TransactInput, TransactOutcome } from './changes/change-requests.js';
export {
  type CompareInput,
  type DecimalInput,
  type ExpiringValue,
  type IncrementOutcome,
  type IncrementSettings,
  type LengthLimit,
  type LengthOutcome,
  op,
  type PersistOutcome,
  type PreparedOperation,
  type ReplacedOutcome,
  type TouchOutcome,
  type VersionedValue,
} from './changes/key-operations.js';
export type { UpdatedValue, UpdateFunction, UpdateResult } from './changes/update.js';
export { KvClient } from './kv-client.js';
export type { KvClientOptions, NodesOptions, ZooKeeperOptions } from './options.js';
export type {
  DeleteOptions,
  DeleteResult,
  DumpOptions,
  FailedOutcome,
  ForcePrimaryOptions,
  GetOutcome,
  GetResult,
  PutEntry,
  PutOptions,
  PutOutcome,
  PutResult,
  UpdateOptions,
  WriteCondition,
  WriteDurability,
  WriteExpiry,
} from './results.js';
export type { ClusterChange } from './routing/cluster-membership.js';
export type { ScanOptions, ScanRange } from './scans/scan-options.js';
