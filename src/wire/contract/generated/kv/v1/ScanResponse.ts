// Original file: proto/kv/v1/kv.proto

import type { ScanRecordInput as _kv_v1_ScanRecordInput, ScanRecord as _kv_v1_ScanRecord } from '../../kv/v1/ScanRecord.js';
import type { PositionInput as _kv_v1_PositionInput, Position as _kv_v1_Position } from '../../kv/v1/Position.js';
import type { Long } from '@grpc/proto-loader';

export interface ScanResponseInput {
  'records'?: (_kv_v1_ScanRecordInput)[];
  'position'?: (_kv_v1_PositionInput | null);
  'epoch'?: (number | string | Long);
  'nodeId'?: (string);
  'isLast'?: (boolean);
  'isExhausted'?: (boolean);
}

export interface ScanResponse {
  'records': (_kv_v1_ScanRecord)[];
  'position': (_kv_v1_Position | null);
  'epoch': (number);
  'nodeId': (string);
  'isLast': (boolean);
  'isExhausted': (boolean);
}
