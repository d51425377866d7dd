// Original file: proto/kv/v1/kv.proto

import type { Long } from '@grpc/proto-loader';

export interface DumpRecordInput {
  'key'?: (string);
  'value'?: (Buffer | Uint8Array | string);
  'version'?: (number | string | Long);
  'expiresAtMs'?: (number | string | Long);
  '_value'?: "value";
  '_expiresAtMs'?: "expiresAtMs";
}

export interface DumpRecord {
  'key': (string);
  'value'?: (Buffer);
  'version': (number);
  'expiresAtMs'?: (number);
  '_value'?: "value";
  '_expiresAtMs'?: "expiresAtMs";
}
