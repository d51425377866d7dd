// Original file: proto/kv/v1/kv.proto

import type { TransactResultInput as _kv_v1_TransactResultInput, TransactResult as _kv_v1_TransactResult } from './TransactResult.js';
import type { Long } from '@grpc/proto-loader';

export interface TransactResponseInput {
  'held'?: (boolean);
  'version'?: (number | string | Long);
  'results'?: (_kv_v1_TransactResultInput)[];
  'nodeId'?: (string);
}

export interface TransactResponse {
  'held': (boolean);
  'version': (number);
  'results': (_kv_v1_TransactResult)[];
  'nodeId': (string);
}
