// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface CopyRecordInput {
  'key'?: (Buffer | Uint8Array | string);
  'version'?: (number | string | Long);
  'expiresAtMs'?: (number | string | Long);
  'valueBytes'?: (number);
  'valueCrc'?: (number);
  '_expiresAtMs'?: "expiresAtMs";
}

export interface CopyRecord {
  'key': (Buffer);
  'version': (number);
  'expiresAtMs'?: (number);
  'valueBytes': (number);
  'valueCrc': (number);
  '_expiresAtMs'?: "expiresAtMs";
}
