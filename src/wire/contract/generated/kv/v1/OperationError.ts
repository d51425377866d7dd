// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface OperationErrorInput {
  'code'?: (string);
  'message'?: (string);
  'notExecuted'?: (boolean);
  'currentVersion'?: (number | string | Long);
  'primaryAddress'?: (string);
  '_currentVersion'?: "currentVersion";
}

export interface OperationError {
  'code': (string);
  'message': (string);
  'notExecuted': (boolean);
  'currentVersion'?: (number);
  'primaryAddress': (string);
  '_currentVersion'?: "currentVersion";
}
