// Original file: proto/kv/v1/kv.proto

import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';
import type { Long } from '@grpc/proto-loader';

export interface TouchResponseInput {
  'found'?: (boolean);
  'version'?: (number | string | Long);
  'nodeId'?: (string);
  'position'?: (_kv_v1_PositionInput | null);
  '_position'?: "position";
}

export interface TouchResponse {
  'found': (boolean);
  'version': (number);
  'nodeId': (string);
  'position'?: (_kv_v1_Position | null);
  '_position'?: "position";
}
