// Original file: proto/kv/v1/kv.proto

import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';
import type { Long } from '@grpc/proto-loader';

export interface DumpEndInput {
  'position'?: (_kv_v1_PositionInput | null);
  'timeMs'?: (number | string | Long);
}

export interface DumpEnd {
  'position': (_kv_v1_Position | null);
  'timeMs': (number);
}
