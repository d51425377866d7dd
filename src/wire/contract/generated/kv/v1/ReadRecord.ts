// Original file: proto/kv/v1/kv.proto

import type { CopyRecordInput as _kv_v1_CopyRecordInput, CopyRecord as _kv_v1_CopyRecord } from '../../kv/v1/CopyRecord.js';
import type { Long } from '@grpc/proto-loader';

export interface ReadRecordInput {
  'seq'?: (number | string | Long);
  'stored'?: (_kv_v1_CopyRecordInput | null);
  'logged'?: (_kv_v1_CopyRecordInput | null);
  'deleted'?: (boolean);
  '_stored'?: "stored";
  '_logged'?: "logged";
}

export interface ReadRecord {
  'seq': (number);
  'stored'?: (_kv_v1_CopyRecord | null);
  'logged'?: (_kv_v1_CopyRecord | null);
  'deleted': (boolean);
  '_stored'?: "stored";
  '_logged'?: "logged";
}
