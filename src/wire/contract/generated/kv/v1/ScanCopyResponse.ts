// Original file: proto/kv/v1/kv.proto

import type { CopyPlaceInput as _kv_v1_CopyPlaceInput, CopyPlace as _kv_v1_CopyPlace } from '../../kv/v1/CopyPlace.js';
import type { CopyRecordInput as _kv_v1_CopyRecordInput, CopyRecord as _kv_v1_CopyRecord } from '../../kv/v1/CopyRecord.js';
import type { Long } from '@grpc/proto-loader';

export interface ScanCopyResponseInput {
  'place'?: (_kv_v1_CopyPlaceInput | null);
  'scannedBytes'?: (number | string | Long);
  'digests'?: (Buffer | Uint8Array | string);
  'records'?: (_kv_v1_CopyRecordInput)[];
  'done'?: (boolean);
}

export interface ScanCopyResponse {
  'place': (_kv_v1_CopyPlace | null);
  'scannedBytes': (number);
  'digests': (Buffer);
  'records': (_kv_v1_CopyRecord)[];
  'done': (boolean);
}
