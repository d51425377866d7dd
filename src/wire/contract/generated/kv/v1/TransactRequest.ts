// Original file: proto/kv/v1/kv.proto

import type { TransactCompareInput as _kv_v1_TransactCompareInput, TransactCompare as _kv_v1_TransactCompare } from './TransactCompare.js';
import type { TransactOperationInput as _kv_v1_TransactOperationInput, TransactOperation as _kv_v1_TransactOperation } from './TransactOperation.js';

export interface TransactRequestInput {
  'compares'?: (_kv_v1_TransactCompareInput)[];
  'operations'?: (_kv_v1_TransactOperationInput)[];
  'otherwise'?: (_kv_v1_TransactOperationInput)[];
}

export interface TransactRequest {
  'compares': (_kv_v1_TransactCompare)[];
  'operations': (_kv_v1_TransactOperation)[];
  'otherwise': (_kv_v1_TransactOperation)[];
}
