// Original file: proto/kv/v1/kv.proto

import type { TransactResultInput as _kv_v1_TransactResultInput, TransactResult as _kv_v1_TransactResult } from '../../kv/v1/TransactResult.js';
import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';
import type { Long } from '@grpc/proto-loader';

export interface TransactResponseInput {
  'held'?: (boolean);
  'version'?: (number | string | Long);
  'results'?: (_kv_v1_TransactResultInput)[];
  'nodeId'?: (string);
  'position'?: (_kv_v1_PositionInput | null);
  '_position'?: "position";
}

export interface TransactResponse {
  'held': (boolean);
  'version': (number);
  'results': (_kv_v1_TransactResult)[];
  'nodeId': (string);
  'position'?: (_kv_v1_Position | null);
  '_position'?: "position";
}
