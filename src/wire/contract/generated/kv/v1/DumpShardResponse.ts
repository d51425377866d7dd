// Original file: proto/kv/v1/kv.proto

import type { DumpBeginInput as _kv_v1_DumpBeginInput, DumpBegin as _kv_v1_DumpBegin } from '../../kv/v1/DumpBegin.js';
import type { DumpRecordsInput as _kv_v1_DumpRecordsInput, DumpRecords as _kv_v1_DumpRecords } from '../../kv/v1/DumpRecords.js';
import type { DumpEndInput as _kv_v1_DumpEndInput, DumpEnd as _kv_v1_DumpEnd } from '../../kv/v1/DumpEnd.js';

export interface DumpShardResponseInput {
  'begin'?: (_kv_v1_DumpBeginInput | null);
  'records'?: (_kv_v1_DumpRecordsInput | null);
  'end'?: (_kv_v1_DumpEndInput | null);
  'part'?: "begin"|"records"|"end";
}

export interface DumpShardResponse {
  'begin'?: (_kv_v1_DumpBegin | null);
  'records'?: (_kv_v1_DumpRecords | null);
  'end'?: (_kv_v1_DumpEnd | null);
  'part'?: "begin"|"records"|"end";
}
