// Original file: proto/kv/v1/kv.proto

import type { CopyPlaceInput as _kv_v1_CopyPlaceInput, CopyPlace as _kv_v1_CopyPlace } from '../../kv/v1/CopyPlace.js';
import type { ReadRecordInput as _kv_v1_ReadRecordInput, ReadRecord as _kv_v1_ReadRecord } from '../../kv/v1/ReadRecord.js';

export interface ReadCopyResponseInput {
  'place'?: (_kv_v1_CopyPlaceInput | null);
  'records'?: (_kv_v1_ReadRecordInput)[];
  'compared'?: (number);
}

export interface ReadCopyResponse {
  'place': (_kv_v1_CopyPlace | null);
  'records': (_kv_v1_ReadRecord)[];
  'compared': (number);
}
