// Original file: proto/kv/v1/kv.proto

import type { TransactCompareInput as _kv_v1_TransactCompareInput, TransactCompare as _kv_v1_TransactCompare } from '../../kv/v1/TransactCompare.js';
import type { TransactOperationInput as _kv_v1_TransactOperationInput, TransactOperation as _kv_v1_TransactOperation } from '../../kv/v1/TransactOperation.js';
import type { RequestIdentityInput as _kv_v1_RequestIdentityInput, RequestIdentity as _kv_v1_RequestIdentity } from '../../kv/v1/RequestIdentity.js';
import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';

export interface TransactRequestInput {
  'compares'?: (_kv_v1_TransactCompareInput)[];
  'operations'?: (_kv_v1_TransactOperationInput)[];
  'otherwise'?: (_kv_v1_TransactOperationInput)[];
  'sync'?: (boolean);
  'request'?: (_kv_v1_RequestIdentityInput | null);
  'position'?: (_kv_v1_PositionInput | null);
  '_request'?: "request";
  '_position'?: "position";
}

export interface TransactRequest {
  'compares': (_kv_v1_TransactCompare)[];
  'operations': (_kv_v1_TransactOperation)[];
  'otherwise': (_kv_v1_TransactOperation)[];
  'sync': (boolean);
  'request'?: (_kv_v1_RequestIdentity | null);
  'position'?: (_kv_v1_Position | null);
  '_request'?: "request";
  '_position'?: "position";
}
