// Original file: proto/kv/v1/kv.proto

import type { DumpRecordInput as _kv_v1_DumpRecordInput, DumpRecord as _kv_v1_DumpRecord } from '../../kv/v1/DumpRecord.js';

export interface DumpRecordsInput {
  'records'?: (_kv_v1_DumpRecordInput)[];
}

export interface DumpRecords {
  'records': (_kv_v1_DumpRecord)[];
}
