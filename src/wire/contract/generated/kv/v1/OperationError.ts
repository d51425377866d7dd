// Original file: proto/kv/v1/kv.proto

import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';
import type { Long } from '@grpc/proto-loader';

export interface OperationErrorInput {
  'code'?: (string);
  'message'?: (string);
  'notExecuted'?: (boolean);
  'currentVersion'?: (number | string | Long);
  'primaryAddress'?: (string);
  'position'?: (_kv_v1_PositionInput | null);
  '_currentVersion'?: "currentVersion";
  '_position'?: "position";
}

export interface OperationError {
  'code': (string);
  'message': (string);
  'notExecuted': (boolean);
  'currentVersion'?: (number);
  'primaryAddress': (string);
  'position'?: (_kv_v1_Position | null);
  '_currentVersion'?: "currentVersion";
  '_position'?: "position";
}
