// Original file: proto/kv/v1/kv.proto

import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';
import type { Long } from '@grpc/proto-loader';

export interface DumpBeginInput {
  'position'?: (_kv_v1_PositionInput | null);
  'epoch'?: (number | string | Long);
  'keys'?: (number | string | Long);
  'dataBytes'?: (number | string | Long);
  'nodeId'?: (string);
}

export interface DumpBegin {
  'position': (_kv_v1_Position | null);
  'epoch': (number);
  'keys': (number);
  'dataBytes': (number);
  'nodeId': (string);
}
